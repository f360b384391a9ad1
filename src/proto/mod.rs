//! SIP as pure state machines: transactions, response choice, dialogs, timers. No I/O, no script.
