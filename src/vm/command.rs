//! The built-in commands that are more than a jump: logging, failed assertions.
use super::cx::Cx;
use super::eval;
use super::image::Image;
use crate::base::Str;
use crate::context::{Level, ScriptError};
use crate::ir::{FormatId, LevelSource};

/// Code of an `xlog` whose text does not fit.
const TOO_LONG: i32 = -1;

/// `xlog` and `xdbg`.
pub fn xlog(cx: &mut Cx<'_>, level: &LevelSource, format: FormatId) -> i32 {
    let number = match level {
        LevelSource::Default => cx.core.settings.xlog_print_level,
        LevelSource::Fixed(n) => *n,
        LevelSource::Place(place) => match eval::read(cx, *place).int_face() {
            Some(n) => n,
            None => {
                cx.log(Level::Error, "core", "xlog", format_args!("the level is no integer"));
                return -1;
            }
        },
    };
    if number > cx.core.log.script_level() {
        return 1;
    }
    let image: &Image = cx.image;
    let limit = cx.core.settings.xlog_buf_size;
    match cx.expand_within(image.format(format), limit) {
        Some(text) => {
            cx.core.log.script(Level::from_number(number), &text);
            1
        }
        None => {
            cx.log(Level::Error, "core", "xlog", format_args!("the text is longer than xlog_buf_size ({limit})"));
            TOO_LONG
        }
    }
}

/// `log`: the text as it is written, filtered by `log_level`.
pub fn log(cx: &Cx<'_>, level: i32, text: &Str) {
    if level <= cx.core.log.level() {
        cx.core.log.script(Level::from_number(level), text);
    }
}

/// The code is 0: the script ends behind the error_route.
pub fn assert_failed(cx: &mut Cx<'_>, text: &Str) -> i32 {
    let colon = if text.is_empty() { "" } else { ": " };
    cx.log(Level::Critical, "core", "do_action", format_args!("assertion failed{colon}{text}"));
    cx.run.script.error = ScriptError {
        class: ScriptError::ASSERTION,
        level: ScriptError::CRITICAL,
        info: Str::from("assertion failed"),
        code: 500,
        reason: Str::from("server error"),
    };
    0
}
