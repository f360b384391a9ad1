//! Checked syntax trees to flat code: names become numbers, literals constants, routes addresses.
//!
//! `lower` walks the tree once and leaves a [`Program`]: operations with jumps, and tables of what they refer to as plain
//! data. Conditions and values without commands stay trees; a command inside an expression (it may wait or run a route)
//! becomes an operation of its own, before it what was evaluated to its left is kept in a temporary. `vm::link` binds the
//! tables to bodies. No name of the script language stands here: functions and variables are looked up in the catalog.
//!
//! A new kind of statement is an [`Op`] or a [`Command`], lowered in `lower/`, shown by `dump`, checked by `verify`.
mod dump;
mod lower;
mod program;
mod references;
mod verify;

pub use dump::dump;
pub use lower::lower;
pub use program::{
    After, Argument, Assignment, CallSite, Command, Compare, Cond, Expr, ForEach, FormatId, IndexRef, Label,
    LevelSource, Literal, NamePiece, NameRef, Op, PatternId, PatternText, Pc, Piece, Place, Program, ReturnCode, Right,
    Route, RouteCall, RouteId, RouteTarget, SiteId, Switch, Temp, TransformArgRef, TransformRef, VarId, VarRef,
};
pub use verify::{Broken, verify};
