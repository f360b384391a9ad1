//! Checked syntax trees to flat code: names become slots, literals constants, routes addresses.
