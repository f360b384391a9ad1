//! `proto_udp`: says that this server speaks UDP. The sockets themselves are the server's.
use crate::registry::{ParamSignature, ValueType};
use crate::vm::{InitCx, Module};

pub static MODULE: Module = Module {
    params: PARAMS,
    transport: Some("udp"),
    init: Some(init),
    examples: &[include_str!("examples.md")],
    ..Module::empty("proto_udp")
};

static PARAMS: &[ParamSignature] =
    &[ParamSignature::new("udp_port", ValueType::Int, "Port of UDP sockets that are written without one.")];

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let port = cx.params.int("udp_port", 5060);
    match u16::try_from(port) {
        Ok(1..) => Ok(()),
        _ => Err(format!("`udp_port` must be between 1 and 65535, not {port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::Fixture;
    use crate::registry::Setting;

    #[test]
    fn a_port_is_accepted() {
        let params: &[(&str, Setting)] = &[("udp_port", Setting::Int(5070))];
        Fixture::with("OPTIONS sip:a SIP/2.0", &[(&MODULE, params)]);
    }

    #[test]
    #[should_panic(expected = "`udp_port` must be between 1 and 65535, not 65536")]
    fn a_number_that_is_no_port_is_refused() {
        let params: &[(&str, Setting)] = &[("udp_port", Setting::Int(65536))];
        Fixture::with("OPTIONS sip:a SIP/2.0", &[(&MODULE, params)]);
    }
}
