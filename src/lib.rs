//! Vestibule, a self-hosted `OpenID` Connect identity provider.
