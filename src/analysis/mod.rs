//! Checks a script before the first packet: names, types, routes, flow, contexts.
