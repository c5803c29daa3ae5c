//! Why a connection can't be so, as the API says it.

use crate::directory::connections::{ConnectionError, Refused};
use crate::web::api::applications;
use crate::web::api::caller::no_organization;
use crate::web::api::error::ApiError;

impl From<ConnectionError> for ApiError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::Refused(refused) => refused.into(),
            ConnectionError::Sql(error) => error.into(),
            ConnectionError::Vault(error) => {
                tracing::error!(%error, "the secret of a connection can't be sealed or read");
                Self::internal()
            }
        }
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::DomainTaken(_) => {
                let error = Self::refused("HOME_REALM_DOMAIN_TAKEN", refused.to_string());
                error.about("options.home_realm_domains")
            }
            Refused::Invalid { field, reason } => Self::field(field, reason),
            Refused::Strategy(reason) => {
                Self::refused("STRATEGY_NOT_SUPPORTED", reason).about("strategy")
            }
            Refused::UnknownClient(_) => applications::unknown(),
            Refused::UnknownOrganization(_) => no_organization(),
        }
    }
}
