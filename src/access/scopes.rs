//! The scopes of the management API: what a client has to hold for each of its routes.
//!
//! Each is a type, so that a handler states its scope where it names its arguments.

/// A scope of the management API.
pub trait ManagementScope: Send + Sync {
    /// The scope-token (RFC 6749 §3.3).
    const WORD: &'static str;
}

/// Declares the scopes, each with what it allows.
macro_rules! management_scopes {
    ($(#[doc = $doc:literal] $name:ident = $word:literal;)*) => {
        $(
            #[doc = $doc]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl ManagementScope for $name {
                const WORD: &'static str = $word;
            }
        )*

        /// Every scope with what it allows.
        pub const ALL: &[(&str, &str)] = &[$(($word, $doc.trim_ascii())),*];
    };
}

management_scopes! {
    /// Let applications have scopes of an API.
    CreateApiApplicationScopes = "create:api_application_scopes";
    /// Define scopes of an API.
    CreateApiScopes = "create:api_scopes";
    /// Register APIs.
    CreateApis = "create:apis";
    /// Let applications offer connections.
    CreateApplicationConnections = "create:application_connections";
    /// Register logout addresses of applications.
    CreateApplicationLogoutUris = "create:application_logout_uris";
    /// Register applications.
    CreateApplications = "create:applications";
    /// Register redirect addresses of applications.
    CreateApplicationsRedirectUris = "create:applications_redirect_uris";
    /// Make connections.
    CreateConnections = "create:connections";
    /// Define feature flags.
    CreateFeatureFlags = "create:feature_flags";
    /// Let organizations use connections.
    CreateOrganizationConnections = "create:organization_connections";
    /// Invite people to organizations.
    CreateOrganizationInvites = "create:organization_invites";
    /// Give members permissions.
    CreateOrganizationUserPermissions = "create:organization_user_permissions";
    /// Give members roles.
    CreateOrganizationUserRoles = "create:organization_user_roles";
    /// Add users to organizations.
    CreateOrganizationUsers = "create:organization_users";
    /// Create organizations.
    CreateOrganizations = "create:organizations";
    /// Define permissions.
    CreatePermissions = "create:permissions";
    /// Define properties.
    CreateProperties = "create:properties";
    /// Define categories of properties.
    CreatePropertyCategories = "create:property_categories";
    /// Let roles grant scopes of APIs.
    CreateRoleScopes = "create:role_scopes";
    /// Define roles.
    CreateRoles = "create:roles";
    /// Add identities to users.
    CreateUserIdentities = "create:user_identities";
    /// Create users.
    CreateUsers = "create:users";
    /// Remove APIs.
    DeleteApis = "delete:apis";
    /// Take scopes of an API from applications.
    DeleteApisApplicationScopes = "delete:apis_application_scopes";
    /// Remove scopes of an API.
    DeleteApisScopes = "delete:apis_scopes";
    /// Let applications offer connections no more.
    DeleteApplicationConnections = "delete:application_connections";
    /// Remove logout addresses of applications.
    DeleteApplicationLogoutUris = "delete:application_logout_uris";
    /// Remove applications.
    DeleteApplications = "delete:applications";
    /// Remove redirect addresses of applications.
    DeleteApplicationsRedirectUris = "delete:applications_redirect_uris";
    /// Remove connections.
    DeleteConnections = "delete:connections";
    /// Take values of feature flags back for the environment.
    DeleteEnvironmentFeatureFlags = "delete:environment_feature_flags";
    /// Remove feature flags.
    DeleteFeatureFlags = "delete:feature_flags";
    /// Remove identities.
    DeleteIdentities = "delete:identities";
    /// Let organizations use connections no more.
    DeleteOrganizationConnections = "delete:organization_connections";
    /// Take values of feature flags back for an organization.
    DeleteOrganizationFeatureFlags = "delete:organization_feature_flags";
    /// Remove the handles of organizations.
    DeleteOrganizationHandles = "delete:organization_handles";
    /// Withdraw invitations to organizations.
    DeleteOrganizationInvites = "delete:organization_invites";
    /// Take permissions from members.
    DeleteOrganizationUserPermissions = "delete:organization_user_permissions";
    /// Take roles from members.
    DeleteOrganizationUserRoles = "delete:organization_user_roles";
    /// Remove users from organizations.
    DeleteOrganizationUsers = "delete:organization_users";
    /// Remove organizations.
    DeleteOrganizations = "delete:organizations";
    /// Remove permissions.
    DeletePermissions = "delete:permissions";
    /// Remove properties.
    DeleteProperties = "delete:properties";
    /// Take permissions from roles.
    DeleteRolePermissions = "delete:role_permissions";
    /// Take scopes of APIs from roles.
    DeleteRoleScopes = "delete:role_scopes";
    /// Remove roles.
    DeleteRoles = "delete:roles";
    /// Take values of feature flags back for users.
    DeleteUserFeatureFlags = "delete:user_feature_flags";
    /// Remove second factors of users.
    DeleteUserMfa = "delete:user_mfa";
    /// End the sessions of users.
    DeleteUserSessions = "delete:user_sessions";
    /// Remove users.
    DeleteUsers = "delete:users";
    /// Read the scopes of APIs.
    ReadApiScopes = "read:api_scopes";
    /// Read APIs.
    ReadApis = "read:apis";
    /// Read the connections that applications offer.
    ReadApplicationConnections = "read:application_connections";
    /// Read logout addresses of applications.
    ReadApplicationLogoutUris = "read:application_logout_uris";
    /// Read the properties of applications.
    ReadApplicationProperties = "read:application_properties";
    /// Read applications.
    ReadApplications = "read:applications";
    /// Read redirect addresses of applications.
    ReadApplicationsRedirectUris = "read:applications_redirect_uris";
    /// Read the audit log.
    ReadAuditEvents = "read:audit_events";
    /// Read connections.
    ReadConnections = "read:connections";
    /// Read values of feature flags of the environment.
    ReadEnvironmentFeatureFlags = "read:environment_feature_flags";
    /// Read the environment and its policies.
    ReadEnvironments = "read:environments";
    /// Read feature flags.
    ReadFeatureFlags = "read:feature_flags";
    /// Read identities.
    ReadIdentities = "read:identities";
    /// Read the industries that an organization can be of.
    ReadIndustries = "read:industries";
    /// Read the connections that organizations may use.
    ReadOrganizationConnections = "read:organization_connections";
    /// Read values of feature flags of organizations.
    ReadOrganizationFeatureFlags = "read:organization_feature_flags";
    /// Read invitations to organizations.
    ReadOrganizationInvites = "read:organization_invites";
    /// Read the properties of organizations.
    ReadOrganizationProperties = "read:organization_properties";
    /// Read the permissions of members.
    ReadOrganizationUserPermissions = "read:organization_user_permissions";
    /// Read the roles of members.
    ReadOrganizationUserRoles = "read:organization_user_roles";
    /// Read the members of organizations.
    ReadOrganizationUsers = "read:organization_users";
    /// Read organizations.
    ReadOrganizations = "read:organizations";
    /// Read permissions.
    ReadPermissions = "read:permissions";
    /// Read properties.
    ReadProperties = "read:properties";
    /// Read categories of properties.
    ReadPropertyCategories = "read:property_categories";
    /// Read the permissions of roles.
    ReadRolePermissions = "read:role_permissions";
    /// Read the scopes of APIs that roles grant.
    ReadRoleScopes = "read:role_scopes";
    /// Read roles.
    ReadRoles = "read:roles";
    /// Read time zones.
    ReadTimezones = "read:timezones";
    /// Read values of feature flags of users.
    ReadUserFeatureFlags = "read:user_feature_flags";
    /// Read the identities of users.
    ReadUserIdentities = "read:user_identities";
    /// Read the second factors of users.
    ReadUserMfa = "read:user_mfa";
    /// Read the properties of users.
    ReadUserProperties = "read:user_properties";
    /// Read the sessions of users.
    ReadUserSessions = "read:user_sessions";
    /// Read users.
    ReadUsers = "read:users";
    /// Try connections out.
    TestConnections = "test:connections";
    /// Change APIs.
    UpdateApis = "update:apis";
    /// Change the scopes of APIs.
    UpdateApiScopes = "update:api_scopes";
    /// Replace logout addresses of applications.
    UpdateApplicationLogoutUris = "update:application_logout_uris";
    /// Change the properties of applications.
    UpdateApplicationProperties = "update:application_properties";
    /// Change the lifetimes of the tokens of applications.
    UpdateApplicationTokens = "update:application_tokens";
    /// Change applications.
    UpdateApplications = "update:applications";
    /// Replace redirect addresses of applications.
    UpdateApplicationsRedirectUris = "update:applications_redirect_uris";
    /// Change connections.
    UpdateConnections = "update:connections";
    /// Change values of feature flags for the environment.
    UpdateEnvironmentFeatureFlags = "update:environment_feature_flags";
    /// Change the policies of the environment.
    UpdateEnvironments = "update:environments";
    /// Change feature flags.
    UpdateFeatureFlags = "update:feature_flags";
    /// Change identities.
    UpdateIdentities = "update:identities";
    /// Change values of feature flags for organizations.
    UpdateOrganizationFeatureFlags = "update:organization_feature_flags";
    /// Change the properties of organizations.
    UpdateOrganizationProperties = "update:organization_properties";
    /// Change the roles and permissions of members.
    UpdateOrganizationUsers = "update:organization_users";
    /// Change organizations.
    UpdateOrganizations = "update:organizations";
    /// Change permissions.
    UpdatePermissions = "update:permissions";
    /// Change properties.
    UpdateProperties = "update:properties";
    /// Change categories of properties.
    UpdatePropertyCategories = "update:property_categories";
    /// Change the permissions of roles.
    UpdateRolePermissions = "update:role_permissions";
    /// Change roles.
    UpdateRoles = "update:roles";
    /// Change values of feature flags for users.
    UpdateUserFeatureFlags = "update:user_feature_flags";
    /// Set the passwords of users.
    UpdateUserPasswords = "update:user_passwords";
    /// Change the properties of users.
    UpdateUserProperties = "update:user_properties";
    /// Have the claims of users read anew.
    UpdateUserRefreshClaims = "update:user_refresh_claims";
    /// Change users.
    UpdateUsers = "update:users";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Scope;

    #[test]
    fn the_scopes_are_scope_tokens_in_order_each_once() {
        assert!(ALL.iter().all(|(word, _)| Scope::parse(word).is_some()));
        let mut words: Vec<&str> = ALL.iter().map(|(word, _)| *word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ALL.len());
    }
}
