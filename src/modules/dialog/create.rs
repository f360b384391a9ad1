//! `create_dialog`: an initial INVITE becomes a dialog, announced in Record-Route.
use super::matching::MatchMode;
use super::settings::Settings;
use super::{initial, sequential, states};
use crate::base::Str;
use crate::context::{Dialog, DialogState, Identity, Level, Own};
use crate::proto::dialog::leg::Leg;
use crate::sip::header::{NameAddr, route};
use crate::sip::{HeaderId, Message, Method};
use crate::vm::{Cx, Vocabulary, Words};
use std::sync::Arc;

/// The flags of `create_dialog`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CreateFlags(u32);

impl CreateFlags {
    const NAMES: [(&'static str, CreateFlags); 7] = [
        ("bye-on-timeout", CreateFlags::BYE_ON_TIMEOUT),
        ("options-ping-caller", CreateFlags::OPTIONS_PING_CALLER),
        ("options-ping-callee", CreateFlags::OPTIONS_PING_CALLEE),
        ("reinvite-ping-caller", CreateFlags::REINVITE_PING_CALLER),
        ("reinvite-ping-callee", CreateFlags::REINVITE_PING_CALLEE),
        ("end-on-race-condition", CreateFlags::END_ON_RACE),
        ("auto-prack", CreateFlags::AUTO_PRACK),
    ];
    const BYE_ON_TIMEOUT: CreateFlags = CreateFlags(1);
    const OPTIONS_PING_CALLER: CreateFlags = CreateFlags(2);
    const OPTIONS_PING_CALLEE: CreateFlags = CreateFlags(4);
    const REINVITE_PING_CALLER: CreateFlags = CreateFlags(8);
    const REINVITE_PING_CALLEE: CreateFlags = CreateFlags(16);
    const END_ON_RACE: CreateFlags = CreateFlags(32);
    const AUTO_PRACK: CreateFlags = CreateFlags(64);

    pub fn of(state: &DialogState) -> CreateFlags {
        CreateFlags(state.options)
    }

    fn has(self, flag: CreateFlags) -> bool {
        self.0 & flag.0 != 0
    }

    pub fn bye_on_timeout(self) -> bool {
        self.has(CreateFlags::BYE_ON_TIMEOUT)
    }

    pub fn end_on_race(self) -> bool {
        self.has(CreateFlags::END_ON_RACE)
    }

    pub fn options_pings(self) -> bool {
        self.has(CreateFlags::OPTIONS_PING_CALLER) || self.has(CreateFlags::OPTIONS_PING_CALLEE)
    }

    pub fn reinvite_pings(self) -> bool {
        self.has(CreateFlags::REINVITE_PING_CALLER) || self.has(CreateFlags::REINVITE_PING_CALLEE)
    }

    /// Accepted, and not acted upon yet.
    fn without_effect(self) -> bool {
        self.options_pings() || self.reinvite_pings() || self.has(CreateFlags::AUTO_PRACK)
    }

    fn with(self, flag: CreateFlags) -> CreateFlags {
        CreateFlags(self.0 | flag.0)
    }

    fn without(self, flag: CreateFlags) -> CreateFlags {
        CreateFlags(self.0 & !flag.0)
    }

    /// Of both ping kinds for one leg the re-INVITE wins.
    fn settled(self) -> CreateFlags {
        let mut flags = self;
        if flags.has(CreateFlags::REINVITE_PING_CALLER) {
            flags = flags.without(CreateFlags::OPTIONS_PING_CALLER);
        }
        if flags.has(CreateFlags::REINVITE_PING_CALLEE) {
            flags = flags.without(CreateFlags::OPTIONS_PING_CALLEE);
        }
        flags
    }
}

impl Vocabulary for CreateFlags {
    fn parse(text: &[u8]) -> Result<CreateFlags, String> {
        let words = text.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|w| !w.is_empty());
        let flags = words.map(|word| {
            let known = CreateFlags::NAMES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
            known.map(|(_, flag)| *flag).ok_or_else(|| {
                let names = CreateFlags::NAMES.map(|(name, _)| format!("`{name}`")).join(", ");
                format!("`{}` is no flag of a dialog; these are: {names}", Str::new(word))
            })
        });
        let all = flags.collect::<Result<Vec<_>, _>>()?;
        Ok(all.into_iter().fold(CreateFlags::default(), CreateFlags::with).settled())
    }
}

/// True when the run has a dialog of its own now. One that was there keeps what it has but gets the flags.
pub fn create_dialog(cx: &mut Cx<'_>, flags: Option<Words<CreateFlags>>) -> bool {
    let flags = flags.map(|f| f.0);
    if flags.is_some_and(CreateFlags::without_effect) {
        let text = format_args!("pings and automatic PRACK are not active yet; the call goes on without");
        cx.log(Level::Warning, "dialog", "create_dialog", text);
    }
    if let Some(own) = cx.run.own() {
        replace_flags(&own, flags);
        return true;
    }
    create(cx, flags.unwrap_or_default()).is_some()
}

fn replace_flags(Own(dialog): &Own, flags: Option<CreateFlags>) {
    let Some(flags) = flags else { return };
    let mut state = dialog.state.lock();
    let kept = CreateFlags::of(&state).end_on_race() || flags.end_on_race();
    let flags = if kept { flags.with(CreateFlags::END_ON_RACE) } else { flags };
    state.options = flags.0;
    if kept {
        state.end_on_race();
    }
}

/// Makes the dialog of the run's request: also for accounting, which needs one for its CDR.
pub fn create(cx: &mut Cx<'_>, flags: CreateFlags) -> Option<Own> {
    let msg = cx.run.msg.clone();
    let Some(identity) = initial_invite(&msg) else {
        let text = format_args!("only an initial INVITE with Call-ID and From tag makes a dialog");
        cx.log(Level::Warning, "dialog", "create_dialog", text);
        return None;
    };
    let did = cx.core.dialogs.next_did(&identity.call_id);
    let caller = caller(cx, &msg, &identity);
    let dialog = Arc::new(Dialog::new(did, identity, caller, cx.run.received, cx.core.dialogs.alive()));
    replace_flags(&Own(dialog.clone()), Some(flags));
    take_pending(cx, &dialog);
    cx.core.dialogs.insert(&dialog);
    states::hold(cx, &dialog);
    let settings: &Settings = cx.core.state();
    settings.processed.inc();
    announce(cx, &dialog);
    initial::bind(cx, &dialog);
    Some(Own(dialog))
}

/// `None` for anything but an INVITE outside a dialog.
fn initial_invite(msg: &Message) -> Option<Identity> {
    if msg.method() != Method::Invite || !msg.is_request() || msg.to_tag().is_some() {
        return None;
    }
    // Copies: a dialog outlives the buffer its INVITE came in by far.
    let uri = |address: &NameAddr| Str::new(msg.bytes(address.uri));
    Some(Identity {
        call_id: Str::new(msg.call_id()?),
        from_uri: uri(msg.from()?),
        to_uri: uri(msg.to()?),
        from_tag: Str::new(msg.from_tag()?),
    })
}

fn caller(cx: &Cx<'_>, msg: &Message, identity: &Identity) -> Leg {
    let mut leg = Leg {
        tag: identity.from_tag.clone(),
        contact: sequential::contact(msg).unwrap_or_default(),
        route_set: join(route::values(msg, HeaderId::RecordRoute).flatten().map(|r| msg.text(r.address.uri))),
        socket: cx.core.sockets.get(cx.run.received.socket).map(|s| Str::from(s.text())).unwrap_or_default(),
        sdp: sequential::body(msg).unwrap_or_default(),
        ..Leg::default()
    };
    if let Some(cseq) = msg.cseq() {
        leg.cseqs.saw(msg.method_bytes(), cseq.number);
    }
    leg
}

/// `<uri>,<uri>`
pub fn join(uris: impl Iterator<Item = Str>) -> Str {
    let mut out = Vec::new();
    for uri in uris {
        if !out.is_empty() {
            out.push(b',');
        }
        out.push(b'<');
        out.extend_from_slice(&uri);
        out.push(b'>');
    }
    Str::from(out)
}

fn take_pending(cx: &mut Cx<'_>, dialog: &Dialog) {
    let mut state = dialog.state.lock();
    let own = &mut cx.run.own;
    state.lifetime = own.pending_timeout.take();
    state.options_ping = own.pending_options_ping.take();
    state.reinvite_ping = own.pending_reinvite_ping.take();
}

/// Puts the id into our Record-Route, made before or after, so that sequential requests bring it back.
fn announce(cx: &mut Cx<'_>, dialog: &Dialog) {
    let settings: &Settings = cx.core.state();
    if !settings.rr || settings.match_mode == MatchMode::TagsOnly {
        return;
    }
    let param = format!(";{}={}", settings.rr_param, dialog.did);
    crate::modules::rr::add_param(cx, param.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<CreateFlags, String> {
        CreateFlags::parse(text.as_bytes())
    }

    #[test]
    fn flags_are_words_between_commas_in_any_case() {
        let flags = parse(" Bye-On-Timeout , end-on-race-condition").expect("known flags");
        assert!(flags.bye_on_timeout() && flags.end_on_race() && !flags.options_pings());
        assert_eq!(parse(""), Ok(CreateFlags::default()));
    }

    #[test]
    fn an_unknown_flag_is_refused_with_the_known_ones() {
        let error = parse("bye-on-timeout,B").expect_err("unknown");
        assert!(error.starts_with("`B` is no flag of a dialog; these are: `bye-on-timeout`, "), "{error}");
    }

    #[test]
    fn a_reinvite_ping_replaces_the_options_ping_of_its_leg() {
        let flags = parse("options-ping-caller,options-ping-callee,reinvite-ping-caller").expect("known flags");
        assert!(!flags.has(CreateFlags::OPTIONS_PING_CALLER) && flags.has(CreateFlags::OPTIONS_PING_CALLEE));
        assert!(flags.reinvite_pings() && flags.without_effect());
    }

    #[test]
    fn route_sets_are_written_as_a_list() {
        assert_eq!(join(["sip:a;lr", "sip:b"].into_iter().map(Str::from)), "<sip:a;lr>,<sip:b>");
        assert_eq!(join(std::iter::empty()), "");
    }
}
