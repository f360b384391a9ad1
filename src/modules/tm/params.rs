//! The parameters of `tm`.
use crate::registry::ParamSignature;
use crate::registry::param::{idle, int, string};

pub const PARAMS: &[ParamSignature] = &[
    int("T1_timer", "First retransmission interval, milliseconds."),
    int("T2_timer", "Longest retransmission interval, milliseconds."),
    int("auto_100trying", "1: an INVITE is answered with 100 when its transaction is made."),
    int("delete_timer", "Seconds that an ended transaction is kept."),
    int("disable_6xx_block", "1: a 6xx competes like any other negative reply."),
    int("fr_inv_timeout", "Seconds an INVITE waits for a final reply after a provisional."),
    int("fr_timeout", "Seconds a branch waits for any reply, outside INVITE for a final one."),
    string("local_reply_route", "Route that looks at each reply made here."),
    string("local_request_route", "Route that looks at each request made here, after `local_route`."),
    string("minor_branch_flag", "Branch flag of a branch nobody waits for."),
    int("onreply_avp_mode", "1: onreply routes see the AVPs of the transaction."),
    int("restart_fr_on_each_reply", "1: each provisional restarts `fr_inv_timeout`."),
    int("ruri_matching", "0: peers without the branch cookie are matched without the Request-URI."),
    int("via1_matching", "0: peers without the branch cookie are matched without the topmost Via."),
    int("wt_timer", "Seconds that late messages are absorbed after a final reply."),
    idle(int("cluster_auto_cancel", ""), "there is no anycast cluster"),
    idle(string("cluster_param", ""), "there is no anycast cluster"),
    idle(int("tm_replication_cluster", ""), "there is no anycast cluster"),
    idle(int("enable_stats", ""), "statistics are always counted"),
    idle(int("pass_provisional_replies", ""), "it concerned FIFO applications"),
    idle(int("syn_branch", ""), "branch parameters name their transaction"),
    idle(int("timer_partitions", ""), "each worker has its own timers"),
    idle(string("tw_append", ""), "`t_write_req` and `t_write_unix` add no lines of the script's own"),
    int("unix_tx_timeout", "Seconds that the listener of `t_write_unix` has."),
];
