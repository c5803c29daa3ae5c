//! What an attacker may try: a file for each way.

mod cookies;
mod enumeration;
mod forged_tokens;
mod forms;
mod headers;
mod input;
mod log;
mod pre_hijacking;
mod redirects;
mod replay;
mod shut_out;
