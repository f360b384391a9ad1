//! The table of all findings. `E` refuses a script; `L` is a finding about a script that starts.
//!
//! Numbers: `x0nn` syntax, `x1nn` names and types, `x2nn` modules and their parameters, `x3nn` flow and contexts.
//! A number is never reused.
use super::Severity;

/// A row of the table. Compared and hashed by `id`.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// `E001`, `L012`.
    pub id: &'static str,
    /// `missing-semicolon`.
    pub slug: &'static str,
    pub severity: Severity,
    /// One line for lists of codes.
    pub summary: &'static str,
}

/// What a finding means for starting the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `E`: OpenSIPS would not start with this script, or this build cannot run it.
    Refuse,
    /// `L`: it starts and is wrong or doubtful.
    Lint,
}

impl Code {
    pub const fn class(self) -> Class {
        if self.id.as_bytes()[0] == b'E' { Class::Refuse } else { Class::Lint }
    }

    /// The row with this id or slug.
    pub fn find(name: &str) -> Option<Code> {
        ALL.iter().copied().find(|c| c.id == name || c.slug == name)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Code) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}

impl std::hash::Hash for Code {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

macro_rules! codes {
    ($($name:ident = $id:literal $slug:literal $severity:ident $summary:literal;)*) => {
        $(#[doc = $summary] pub const $name: Code =
            Code { id: $id, slug: $slug, severity: Severity::$severity, summary: $summary };)*
        /// Every code, in the order of the table.
        pub static ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    SYNTAX = "E001" "syntax" Error "the text is not of the language";
    MISSING_SEMICOLON = "E002" "missing-semicolon" Error "a statement lacks its `;`";
    MISSING_BRACKET = "E003" "missing-bracket" Error "a bracket is not closed";
    BARE_WORD = "E004" "bare-word" Error "a bare word where a call or a string belongs";
    COMPARE_LEFT = "E005" "compare-left" Error "the left side of a comparison is not a variable";
    ARITH_IN_CONDITION = "E006" "arithmetic-in-condition" Error "arithmetic in a condition outside `[ ]`";
    NOT_A_CONDITION = "E007" "not-a-condition" Error "this cannot be a condition";
    NOT_AN_EXPRESSION = "E008" "not-an-expression" Error "this cannot be a value";
    BAD_ARGUMENT = "E009" "bad-argument" Error "this cannot be an argument";
    BAD_COMMAND_FORM = "E010" "bad-command-form" Error "a built-in command is not written in one of its forms";
    BREAK_OUTSIDE = "E011" "break-outside" Error "`break` outside `while`, `for` and `switch`";
    EMPTY_BLOCK = "E012" "empty-block" Error "a block that must hold a statement is empty";
    BARE_BLOCK = "E013" "bare-block" Error "a block that belongs to no statement";
    BAD_SWITCH = "E014" "bad-switch" Error "a `switch` without a variable, a `case`, or with `default` not last";
    BAD_ROUTE_HEADER = "E015" "bad-route-header" Error "a route block with a header it cannot have";
    RESERVED_WORD = "E016" "reserved-word" Error "a reserved word stands where a name belongs";
    SLASH_COMMENT = "E017" "slash-comment" Error "`//` does not start a comment";
    UNTERMINATED = "E018" "unterminated" Error "a string, comment or variable does not end";
    TOO_DEEP = "E019" "too-deep" Error "nested deeper than 200 levels";
    INCLUDE = "E020" "include" Error "an included file cannot be read";
    UNKNOWN_GLOBAL = "E021" "unknown-global" Error "an unknown global parameter";
    REMOVED_GLOBAL = "E022" "removed-global" Error "a global parameter that OpenSIPS removed";
    GLOBAL_VALUE = "E023" "global-value" Error "a global parameter with a value of the wrong form";
    BAD_SOCKET = "E024" "bad-socket" Error "a socket or alias that cannot be read";
    ON_KEYWORD = "E025" "on-keyword" Error "`on` between blanks is the auto-scaling word, not a boolean";
    SEMICOLON_AFTER_GLOBAL = "E026" "semicolon-after-global" Error "`;` after a statement outside routes";
    EMPTY_FILE = "E027" "empty-file" Error "a script without a statement";
    REMOVED_TEST = "E028" "removed-test" Error "a test that OpenSIPS removed";
    NUL_BYTE = "E029" "nul-byte" Error "a NUL byte in the script";
    BAD_ADDRESS = "E030" "bad-address" Error "an address whose parts are out of range";
    SWITCH_LABEL = "E031" "switch-label" Error "a `case` label that is no constant";
    FOR_ITERATOR = "E032" "for-iterator" Error "the iterator of `for` cannot be assigned";

    UNKNOWN_FUNCTION = "E101" "unknown-function" Error "an unknown function";
    FUNCTION_NOT_LOADED = "E102" "function-not-loaded" Error "a function of a module that is not loaded above";
    FUNCTION_NOT_IMPLEMENTED = "E103" "function-not-implemented" Error "known to OpenSIPS, not implemented here";
    ARITY = "E104" "arity" Error "a call with too few or too many arguments";
    ARGUMENT_TYPE = "E105" "argument-type" Error "an argument of a type the function does not take";
    ROUTE_TYPE = "E106" "route-type" Error "a function called in a type of route it does not allow";
    UNDEFINED_ROUTE = "E107" "undefined-route" Error "a call of a route that is not defined";
    UNDEFINED_TARGET = "E108" "undefined-target" Error "a route armed by a function is not defined";
    UNKNOWN_VARIABLE = "E109" "unknown-variable" Error "an unknown variable";
    VARIABLE_NOT_LOADED = "E110" "variable-not-loaded" Error "a variable of a module that is not loaded above";
    VARIABLE_NOT_IMPLEMENTED = "E111" "variable-not-implemented" Error "a variable known to OpenSIPS, not implemented here";
    UNKNOWN_TRANSFORMATION = "E112" "unknown-transformation" Error "an unknown transformation";
    BAD_VARIABLE = "E113" "bad-variable" Error "a variable reference that cannot be read";
    READ_ONLY = "E114" "read-only" Error "an assignment to something that cannot be written";
    BAD_FORMAT = "E115" "bad-format" Error "a format string that cannot be read";
    BAD_PATTERN = "E116" "bad-pattern" Error "a regular expression that cannot be compiled";
    XLOG_LEVEL = "E117" "xlog-level" Error "an unknown level of `xlog`";
    NOT_ASYNC = "E118" "not-async" Error "a function that cannot be called by `async` or `launch`";
    DUPLICATE_ROUTE = "E119" "duplicate-route" Error "two routes of one family with one name";
    UNDECLARED_ACC_FIELD = "E120" "undeclared-acc-field" Error "an accounting field that no parameter declares";
    BAD_ARGUMENT_VALUE = "E121" "bad-argument-value" Error "a literal argument the function does not understand";
    TRANSFORMATION_NOT_IMPLEMENTED = "E122" "transformation-not-implemented" Error "a transformation known to OpenSIPS, not implemented here";
    TOO_MANY_FLAGS = "E123" "too-many-flags" Error "more flag names than a message can carry";
    BARRED = "E125" "barred" Error "a function that a global parameter switches off";
    TOO_MANY_ROUTES = "E124" "too-many-routes" Error "more routes of one family than OpenSIPS takes";

    UNKNOWN_MODULE = "E201" "unknown-module" Error "a module OpenSIPS does not know";
    MODULE_TWICE = "E202" "module-twice" Error "a module loaded twice";
    UNKNOWN_MODPARAM = "E203" "unknown-modparam" Error "a parameter the module does not have";
    MODPARAM_TYPE = "E204" "modparam-type" Error "a parameter set to a value of the wrong type";
    MODPARAM_NO_MODULE = "E205" "modparam-no-module" Error "a parameter of a module that is not loaded above";
    MODPARAM_VALUE = "E206" "modparam-value" Error "a parameter set to a value the module refuses";
    MODULE_DEMAND = "E207" "module-demand" Error "what a module demands of others is missing";
    NO_TRANSPORT = "E208" "no-transport" Error "no transport module is loaded";
    SOCKET_PROTOCOL = "E209" "socket-protocol" Error "a socket of a protocol that no loaded module carries";
    SOCKET_NOT_IMPLEMENTED = "E210" "socket-not-implemented" Error "a socket of a protocol that is not implemented here";

    STRAY_BYTE = "L001" "stray-byte" Error "a byte that belongs to no token is skipped";
    TEXT_AFTER_VARIABLE = "L002" "text-after-variable" Error "text behind the name of a variable is ignored";
    LINE_JOIN = "L003" "line-join" Warning "a line join in a string, which OpenSIPS fills with marker text";
    TEXT_AFTER_INCLUDE = "L004" "text-after-include" Warning "text behind an include directive is ignored";
    NUMBER_WRAPS = "L005" "number-wraps" Warning "a number that does not fit into 32 bits";
    VARIABLE_NEWLINE = "E033" "variable-newline" Error "a line break inside a variable";

    UNDECLARED_PROFILE = "L101" "undeclared-profile" Error "a dialog profile that no parameter declares";
    UNDEFINED_RESUME = "L102" "undefined-resume" Error "a resume or report route that is not defined";
    ROUTE_TYPE_THROUGH_CALL = "L103" "route-type-through-call" Error "a function reached from a type of route it does not allow";
    UNKNOWN_EVENT = "L104" "unknown-event" Warning "an event that no module raises";
    STRING_PLUS_INT = "L105" "string-plus-int" Warning "arithmetic on a string and a number fails";
    OLD_NAME = "L106" "old-name" Warning "a name that newer releases of OpenSIPS do not know";
    READ_ONLY_RESULT = "L107" "read-only-result" Warning "a result for a variable that cannot be written";

    MODULE_NOT_IMPLEMENTED = "L201" "module-not-implemented" Warning "a module known to OpenSIPS, not implemented here";
    MODPARAM_NOT_IMPLEMENTED = "L202" "modparam-not-implemented" Info "a parameter of a module that is not implemented here";
    NO_EFFECT = "L203" "no-effect" Info "a parameter that is accepted without effect";
    NO_SOCKET = "L204" "no-socket" Warning "no socket is defined";
    EARLIER_FORM = "L205" "earlier-form" Info "a form that OpenSIPS 3.1 took and later releases do not";
    MISREAD_WORD = "L206" "misread-word" Warning "a word that OpenSIPS takes for another";
    SOCKET_OPTION = "L207" "socket-option" Warning "an option that a socket ignores";
    MODULE_FILE = "L208" "module-file" Warning "a module by a name that is no file's";

    LEAKED_CONTEXT = "L301" "leaked-context" Error "a path on which a loaded dialog context is not unloaded";
    NESTED_CONTEXT = "L302" "nested-context" Warning "a dialog context loaded over another, which OpenSIPS refuses";
    ACC_CONTEXT_WITHOUT_DIALOG = "L303" "acc-context-without-dialog" Warning "an accounting context loaded without a dialog context";
    NO_MAIN_ROUTE = "L304" "no-main-route" Error "no main route: every request is dropped";
    UNUSED_ROUTE = "L305" "unused-route" Warning "a route that nothing calls";
    UNREACHABLE = "L306" "unreachable" Warning "statements that are never run";
    RECURSION = "L307" "recursion" Warning "routes that call each other in a circle";
    ASSIGN_IN_CONDITION = "L308" "assign-in-condition" Warning "an assignment where a comparison may be meant";
    READ_BEFORE_SET = "L309" "read-before-set" Warning "a variable read before the run sets it";
    MIXED_PRECEDENCE = "L311" "mixed-precedence" Warning "operators of one level that other languages rank";
    OWN_WHILE_LOADED = "L312" "own-while-loaded" Warning "a function for the own dialog called while another is loaded";
    UNEXPANDED = "L313" "unexpanded" Warning "a variable in a string that is taken as it stands";
    TEXT_ORDER = "L314" "text-order" Warning "a number in quotes, compared as text";
    TEXT_AND_NUMBER = "L315" "text-and-number" Warning "a text compared with a number, or a number where text belongs";
    FOR_SOURCE = "L316" "for-source" Warning "a `for` over one value, which is skipped";
    EMPTY_LOOP = "L317" "empty-loop" Warning "a `while` with nothing in it, which tests once";
    MISSING_COMMA = "L318" "missing-comma" Warning "a level of `xlog` that its text swallows";
    ZERO_DIVISOR = "L319" "zero-divisor" Warning "a division by a literal zero";
    PUSHED_SUM = "L320" "pushed-sum" Warning "an AVP that keeps its old value behind a sum";
    FALL_THROUGH = "L321" "fall-through" Warning "a case that goes on into `default`";
    NEEDS_TRANSACTIONS = "L322" "needs-transactions" Error "`async` or `launch` without the module that keeps transactions";
    ASYNC_IN_PLACE = "L323" "async-in-place" Warning "`async` in a route that is not suspended";
    ASYNC_SECONDS = "L324" "async-seconds" Warning "seconds of `async` that do not count";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_slugs_are_unique_and_well_formed() {
        let mut ids: Vec<_> = ALL.iter().map(|c| c.id).collect();
        let mut slugs: Vec<_> = ALL.iter().map(|c| c.slug).collect();
        ids.sort_unstable();
        slugs.sort_unstable();
        assert!(ids.windows(2).all(|w| w[0] != w[1]), "{ids:?}");
        assert!(slugs.windows(2).all(|w| w[0] != w[1]), "{slugs:?}");
        for code in ALL {
            assert!(code.id.len() == 4 && matches!(code.id.as_bytes()[0], b'E' | b'L'), "{}", code.id);
            assert!(code.class() == Class::Lint || code.severity == Severity::Error, "{}", code.id);
        }
    }
}
