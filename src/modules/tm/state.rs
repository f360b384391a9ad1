//! What `tm` keeps for the engine's life: its parameters, ready for use, and its counters.
use crate::base::Str;
use crate::context::{Counter, Stats};
use crate::proto::response_choice::SixHundred;
use crate::proto::transaction::{Challenges, FrRestart, Timers};
use crate::vm::InitCx;
use std::sync::Arc;
use std::time::Duration;

pub struct Tm {
    pub timers: Timers,
    pub six_hundred: SixHundred,
    pub auto_100: bool,
    pub ruri_matching: bool,
    pub via1_matching: bool,
    pub reply_avps: ReplyAvps,
    /// Name of the branch flag that marks a branch nobody waits for.
    pub minor_branch_flag: Option<Str>,
    pub local_reply_route: Option<Str>,
    pub local_request_route: Option<Str>,
    /// How long a program that is told of a request may take, from `unix_tx_timeout`.
    pub write_patience: Duration,
    pub counts: Counts,
}

/// `onreply_avp_mode`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyAvps {
    OwnOfTheReply,
    OfTheTransaction,
}

/// Counters of the `tm` statistics group. `inuse_transactions` is computed from the table.
pub struct Counts {
    pub received_replies: Arc<Counter>,
    pub relayed_replies: Arc<Counter>,
    pub local_replies: Arc<Counter>,
    pub uas: Arc<Counter>,
    pub uac: Arc<Counter>,
    /// 2xx to 6xx.
    pub classes: [Arc<Counter>; 5],
    /// First, second and third retransmission of a request, and later ones.
    pub requests_again: [Arc<Counter>; 4],
    pub replies_again: Arc<Counter>,
    pub timeouts: Arc<Counter>,
    pub timeouts_invite: Arc<Counter>,
}

pub const STATISTICS: &[&str] = &[
    "received_replies",
    "relayed_replies",
    "local_replies",
    "UAS_transactions",
    "UAC_transactions",
    "2xx_transactions",
    "3xx_transactions",
    "4xx_transactions",
    "5xx_transactions",
    "6xx_transactions",
    "inuse_transactions",
    "cluster_reply_sent",
    "cluster_request_sent",
    "cluster_cancel_sent",
    "cluster_reply_recv",
    "cluster_request_recv",
    "cluster_cancel_recv",
    "retransmission_req_T1_1",
    "retransmission_req_T1_2",
    "retransmission_req_T1_3",
    "retransmission_req_T2",
    "retransmission_rpl_T2",
    "timeout_finalresponse",
    "timeout_finalresponse_inv",
];

impl Counts {
    fn new(stats: &Stats) -> Counts {
        let counter = |name: &str| stats.counter("tm", name);
        Counts {
            received_replies: counter("received_replies"),
            relayed_replies: counter("relayed_replies"),
            local_replies: counter("local_replies"),
            uas: counter("UAS_transactions"),
            uac: counter("UAC_transactions"),
            classes: ["2xx", "3xx", "4xx", "5xx", "6xx"].map(|c| counter(&format!("{c}_transactions"))),
            requests_again: ["T1_1", "T1_2", "T1_3", "T2"].map(|t| counter(&format!("retransmission_req_{t}"))),
            replies_again: counter("retransmission_rpl_T2"),
            timeouts: counter("timeout_finalresponse"),
            timeouts_invite: counter("timeout_finalresponse_inv"),
        }
    }

    /// A reply left; `relayed` or made here.
    pub fn reply_sent(&self, code: u16, relayed: bool) {
        if relayed {
            self.relayed_replies.inc()
        } else {
            self.local_replies.inc()
        }
        let class = usize::from(code / 100).checked_sub(2);
        if let Some(counter) = class.and_then(|c| self.classes.get(c)) {
            counter.inc();
        }
    }
}

pub fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let params = cx.params;
    cx.stats.compute("tm", "inuse_transactions", |core| core.transactions.len() as u64);
    // Nothing is sent to or comes from other servers; a page that asks for these finds them all the same.
    STATISTICS.iter().filter(|name| name.starts_with("cluster_")).for_each(|name| drop(cx.stats.counter("tm", name)));
    // Second-granularity timers have a floor, as in OpenSIPS.
    let seconds = |name: &str, default: i32, floor: i32| milliseconds(params.int(name, default).max(floor), 1_000);
    let t1 = milliseconds(params.int("T1_timer", 500), 1);
    let text = |name: &str| params.str(name).filter(|s| !s.is_empty()).map(Str::new);
    let timers = Timers {
        t2: milliseconds(params.int("T2_timer", 4_000), 1),
        fr: seconds("fr_timeout", 30, 2),
        fr_inv: seconds("fr_inv_timeout", 120, 2),
        fr_restart: match params.flag("restart_fr_on_each_reply", true) {
            true => FrRestart::OnEachReply,
            false => FrRestart::OnFirstReply,
        },
        wt: seconds("wt_timer", 5, 2),
        delete: seconds("delete_timer", 2, 2),
        challenges: Challenges::SendOnce,
        ..Timers::default().with_t1(t1)
    };
    cx.states.set(Tm {
        timers,
        six_hundred: match params.flag("disable_6xx_block", false) {
            true => SixHundred::Competes,
            false => SixHundred::EndsSearch,
        },
        auto_100: params.flag("auto_100trying", true),
        ruri_matching: params.flag("ruri_matching", true),
        via1_matching: params.flag("via1_matching", true),
        reply_avps: match params.flag("onreply_avp_mode", false) {
            true => ReplyAvps::OfTheTransaction,
            false => ReplyAvps::OwnOfTheReply,
        },
        minor_branch_flag: text("minor_branch_flag"),
        local_reply_route: text("local_reply_route"),
        local_request_route: text("local_request_route"),
        write_patience: Duration::from_secs(params.int("unix_tx_timeout", 2).max(1).unsigned_abs().into()),
        counts: Counts::new(cx.stats),
    });
    Ok(())
}

fn milliseconds(n: i32, unit: u32) -> u32 {
    u32::try_from(n).unwrap_or(0).saturating_mul(unit).max(1)
}
