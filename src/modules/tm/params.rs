//! The parameters of `tm`.
use crate::registry::{ParamSignature, ValueType};

const fn row(name: &'static str, ty: ValueType, doc: &'static str) -> ParamSignature {
    ParamSignature { name, ty, check: None, declares: None, no_effect: None, doc }
}

const fn int(name: &'static str, doc: &'static str) -> ParamSignature {
    row(name, ValueType::Int, doc)
}

const fn text(name: &'static str, doc: &'static str) -> ParamSignature {
    row(name, ValueType::Str, doc)
}

const fn without_effect(row: ParamSignature, why: &'static str) -> ParamSignature {
    ParamSignature { no_effect: Some(why), ..row }
}

pub const PARAMS: &[ParamSignature] = &[
    int("T1_timer", "First retransmission interval, milliseconds."),
    int("T2_timer", "Longest retransmission interval, milliseconds."),
    int("auto_100trying", "1: an INVITE is answered with 100 when its transaction is made."),
    int("delete_timer", "Seconds that an ended transaction is kept."),
    int("disable_6xx_block", "1: a 6xx competes like any other negative reply."),
    int("fr_inv_timeout", "Seconds an INVITE waits for a final reply after a provisional."),
    int("fr_timeout", "Seconds a branch waits for any reply, outside INVITE for a final one."),
    text("local_reply_route", "Route that looks at each reply made here."),
    text("local_request_route", "Route that looks at each request made here, after `local_route`."),
    text("minor_branch_flag", "Branch flag of a branch nobody waits for."),
    int("onreply_avp_mode", "1: onreply routes see the AVPs of the transaction."),
    int("restart_fr_on_each_reply", "1: each provisional restarts `fr_inv_timeout`."),
    int("ruri_matching", "0: peers without the branch cookie are matched without the Request-URI."),
    int("via1_matching", "0: peers without the branch cookie are matched without the topmost Via."),
    int("wt_timer", "Seconds that late messages are absorbed after a final reply."),
    without_effect(int("cluster_auto_cancel", ""), "there is no anycast cluster"),
    without_effect(text("cluster_param", ""), "there is no anycast cluster"),
    without_effect(int("tm_replication_cluster", ""), "there is no anycast cluster"),
    without_effect(int("enable_stats", ""), "statistics are always counted"),
    without_effect(int("pass_provisional_replies", ""), "it concerned FIFO applications"),
    without_effect(int("syn_branch", ""), "branch parameters name their transaction"),
    without_effect(int("timer_partitions", ""), "each worker has its own timers"),
    without_effect(text("tw_append", ""), "`t_write_req` and `t_write_unix` are not there"),
    without_effect(int("unix_tx_timeout", ""), "`t_write_unix` is not there"),
];
