//! Findings about scripts: what, where, what to do; and the renderers that show them.
