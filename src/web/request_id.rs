//! The reference of a request: in its log lines, in a header of its response, on an error's page.

use std::fmt;

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;

use crate::app::Random;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The reference of one request: 16 hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(u64);

impl RequestId {
    /// A new one.
    pub fn draw(random: Random) -> Self {
        Self(random.number())
    }

    /// Tells it to the client.
    pub fn attach(self, response: &mut Response) {
        let mut digits = [0; 16];
        if hex::encode_to_slice(self.0.to_be_bytes(), &mut digits).is_ok()
            && let Ok(value) = HeaderValue::from_bytes(&digits)
        {
            response.headers_mut().insert(X_REQUEST_ID.clone(), value);
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}
