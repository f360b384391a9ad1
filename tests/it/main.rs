//! Integration tests, a module for each capability.
#![allow(clippy::disallowed_methods, reason = "tests read files and draw seeds")]
mod catalog_agreement;
mod calls;
mod dialogs;
mod checker;
mod findings;
mod front_end;
mod fuzz_corpus;
mod hostile;
mod layering;
mod module_pages;
mod soak;
mod spec;
mod old_names;
mod parse_totality;
mod sample_scripts;
mod sip_roundtrip;
mod sip_torture;
#[path = "../torture/messages.rs"]
mod torture;
#[path = "../bench/workloads/text.rs"]
mod script_text;
mod cli;
mod coverage;
