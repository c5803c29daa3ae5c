//! Everyday operation: the command line, health, outages, stopping and being stopped.

mod binary;
mod command_line;
mod health;
mod kill;
mod nodes;
mod outage;
mod shutdown;
