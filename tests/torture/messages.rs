//! The messages of RFC 4475 ("SIP Torture Test Messages"), written from its text: every valid one (3.1.1), and the
//! broken or odd ones of the other sections, cut down to what they are about.

pub struct Torture {
    pub name: &'static str,
    pub section: &'static str,
    pub message: Vec<u8>,
}

/// What the parser and the checks must say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Accept,
    /// A request to be answered with this status.
    Answer(u16),
    /// A broken reply.
    Drop,
}

fn message(head: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = head.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// The session description that most INVITEs of the RFC carry.
fn sdp(origin: &str, connection: &str) -> Vec<u8> {
    let text = format!(
        "v=0\r\no=mhandley 29739 7272939 IN IP4 {origin}\r\ns=-\r\nc=IN IP4 {connection}\r\nt=0 0\r\n\
         m=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n"
    );
    text.into_bytes()
}

pub fn valid() -> Vec<Torture> {
    let row = |name, section, message| Torture { name, section, message };
    vec![
        row("wsinv", "3.1.1.1", wsinv()),
        row("intmeth", "3.1.1.2", intmeth()),
        row("esc01", "3.1.1.3", esc01()),
        row("escnull", "3.1.1.4", escnull()),
        row("esc02", "3.1.1.5", esc02()),
        row("lwsdisp", "3.1.1.6", lwsdisp()),
        row("longreq", "3.1.1.7", longreq()),
        row("dblreq", "3.1.1.8", dblreq()),
        row("semiuri", "3.1.1.9", semiuri()),
        row("transports", "3.1.1.10", transports()),
        row("mpart01", "3.1.1.11", mpart01()),
        row("unreason", "3.1.1.12", unreason()),
        row("noreason", "3.1.1.13", noreason()),
        row("inv2543", "3.4.1", inv2543()),
    ]
}

// 3.1.1.1: folding everywhere, compact and long names mixed, unknown header fields, three Vias in two fields.
fn wsinv() -> Vec<u8> {
    message(
        &[
            "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0",
            "TO :",
            " sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n",
            "from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>",
            "  ;",
            "  tag = 98asjd8",
            "MaX-fOrWaRdS: 0068",
            "Call-ID: wsinv.ndaksdj@192.0.2.1",
            "Content-Length   : 150",
            "cseq: 0009",
            "  INVITE",
            "Via  : SIP  /   2.0",
            " /UDP",
            "    192.0.2.2;branch=390skdjuw",
            "s :",
            "NewFangledHeader:   newfangled value",
            " continued newfangled value",
            "UnknownHeaderWithUnusualValue: ;;,,;;,;",
            "Content-Type: application/sdp",
            "Route:",
            " <sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
            "v:  SIP  / 2.0  / TCP     spindle.example.com   ;",
            "  branch  =   z9hG4bK9ikj8  ,",
            " SIP  /    2.0   / UDP  192.168.255.111   ; branch=",
            " z9hG4bK30239",
            "m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =",
            "      newvalue ;",
            "  secondparam ; q = 0.33",
        ],
        &sdp("192.0.2.3", "192.0.2.4"),
    )
}

// 3.1.1.2: every character that a method, a user part, a token and a quoted string may hold, NUL among them.
fn intmeth() -> Vec<u8> {
    message(
        &[
            "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0",
            "Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~",
            "To: \"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>",
            "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"работающий\";tag=_token~1'+`*%!-.",
            "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
            "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~",
            "Max-Forwards: 255",
            "extensionHeader-!.%*+_`'~:\u{feff}大停電",
            "Content-Length: 0",
        ],
        b"",
    )
}

// 3.1.1.3: escapes that must not be undone, or not twice.
fn esc01() -> Vec<u8> {
    message(
        &[
            "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
            "To: sip:%75se%72@example.com",
            "From: <sip:I%20have%20spaces@example.net>;tag=938",
            "Max-Forwards: 87",
            "i: esc01.239409asdfakjkn23onasd0-3234",
            "CSeq: 234234 INVITE",
            "Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw",
            "C: application/sdp",
            "Contact:",
            "  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>",
            "Content-Length: 150",
        ],
        &sdp("192.0.2.1", "192.0.2.1"),
    )
}

// 3.1.1.4: an escaped NUL is part of the user.
fn escnull() -> Vec<u8> {
    message(
        &[
            "REGISTER sip:example.com SIP/2.0",
            "To: sip:null-%00-null@example.com",
            "From: sip:null-%00-null@example.com;tag=839923423",
            "Max-Forwards: 70",
            "Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd",
            "CSeq: 14398234 REGISTER",
            "Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw",
            "Contact: <sip:%00@host5.example.com>",
            "Contact: <sip:%00%00@host5.example.com>",
            "L:0",
        ],
        b"",
    )
}

// 3.1.1.5: a percent sign that escapes nothing.
fn esc02() -> Vec<u8> {
    message(
        &[
            "RE%47IST%45R sip:registrar.example.com SIP/2.0",
            "To: \"%Z%45\" <sip:resource@example.com>",
            "From: \"%Z%45\" <sip:resource@example.com>;tag=f232jadfj23",
            "Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf",
            "Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234",
            "CSeq: 29344 RE%47IST%45R",
            "Max-Forwards: 70",
            "Contact: <sip:alias1@host1.example.com>",
            "C%6Fntact: <sip:alias2@host2.example.com>",
            "Contact: <sip:alias3@host3.example.com>",
            "l: 0",
        ],
        b"",
    )
}

// 3.1.1.6: no blank between display name and bracket.
fn lwsdisp() -> Vec<u8> {
    message(
        &[
            "OPTIONS sip:user@example.com SIP/2.0",
            "To: sip:user@example.com",
            "From: caller<sip:caller@example.com>;tag=323",
            "Max-Forwards: 70",
            "Call-ID: lwsdisp.1234abcd@funky.example.com",
            "CSeq: 60 OPTIONS",
            "Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw",
            "l: 0",
        ],
        b"",
    )
}

// 3.1.1.7: long values in many fields, and 34 Vias under every spelling of the name. Values are of our own making.
fn longreq() -> Vec<u8> {
    let long = "long".repeat(40);
    let mut head = vec![
        "INVITE sip:user@example.com SIP/2.0".to_owned(),
        format!("To: \"I have a user name of {long} proportion\"<sip:user@example.com:6000;{long}={long}>;{long}"),
        format!("F: sip:{long}@example.net;tag={};x{long}name={long};y{long}", "129829829".repeat(20)),
        format!("Call-ID: longreq.{long}"),
        "CSeq: 3882340 INVITE".to_owned(),
        format!("Unknown-{long}-Name: unknown-{long}-value; unknown-{long}-param={long}"),
    ];
    let names = ["Via", "v", "V", "ViA", "VIa", "VIA", "via", "viA", "vIa", "vIA", "V ", "v ", "Via "];
    head.extend(
        (1..34).rev().zip(names.iter().cycle()).map(|(n, name)| format!("{name}: SIP/2.0/TCP sip{n}.example.com")),
    );
    head.push(format!("Via: SIP/2.0/TCP host.example.com;received=192.0.2.5;branch={long}"));
    head.push("Max-Forwards: 70".to_owned());
    head.push(format!("Contact: <sip:{long}@host5.example.net>"));
    head.push("Content-Type: application/sdp".to_owned());
    head.push("l: 150".to_owned());
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    message(&head, &sdp("192.0.2.1", "192.0.2.1"))
}

// 3.1.1.8: a second request behind the first in one datagram.
fn dblreq() -> Vec<u8> {
    let mut bytes = message(
        &[
            "REGISTER sip:example.com SIP/2.0",
            "To: sip:j.user@example.com",
            "From: sip:j.user@example.com;tag=43251j3j324",
            "Max-Forwards: 8",
            "I: dblreq.0ha0isndaksdj99sdfafnl3lk233412",
            "Contact: sip:j.user@host.example.com",
            "CSeq: 8 REGISTER",
            "Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492",
            "Content-Length: 0",
        ],
        b"\r\n",
    );
    bytes.extend(message(
        &[
            "INVITE sip:joe@example.com SIP/2.0",
            "t: sip:joe@example.com",
            "From: sip:caller@example.net;tag=141334",
            "Max-Forwards: 8",
            "Call-ID: dblreq.0ha0isnda977644900765@192.0.2.15",
            "CSeq: 8 INVITE",
            "Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw380234",
            "Content-Type: application/sdp",
            "Content-Length: 150",
        ],
        &sdp("192.0.2.15", "192.0.2.15"),
    ));
    bytes
}

// 3.1.1.9: a semicolon in the user part.
fn semiuri() -> Vec<u8> {
    message(
        &[
            "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0",
            "To: sip:j_user@example.com",
            "From: sip:caller@example.org;tag=33242",
            "Max-Forwards: 3",
            "Call-ID: semiuri.0ha0isndaksdj",
            "CSeq: 8 OPTIONS",
            "Accept: application/sdp, application/pkcs7-mime,",
            "        multipart/mixed, multipart/signed,",
            "        message/sip, message/sipfrag",
            "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw",
            "l: 0",
        ],
        b"",
    )
}

// 3.1.1.10: transports of all kinds, and one nobody knows.
fn transports() -> Vec<u8> {
    message(
        &[
            "OPTIONS sip:user@example.com SIP/2.0",
            "To: sip:user@example.com",
            "From: <sip:caller@example.com>;tag=323",
            "Max-Forwards: 70",
            "Call-ID:  transports.kijh4akdnaqjkwendsasfdj",
            "Accept: application/sdp",
            "CSeq: 60 OPTIONS",
            "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw",
            "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf",
            "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj",
            "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en",
            "Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee",
            "l: 0",
        ],
        b"",
    )
}

// 3.1.1.11: a multipart body with a binary part. The octets are of our own making.
fn mpart01() -> Vec<u8> {
    let mut body =
        b"--7a9cbec02ceef655\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nHello\r\n\
        --7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n"
            .to_vec();
    body.extend(0..=u8::MAX);
    body.extend_from_slice(b"\r\n--7a9cbec02ceef655--\r\n");
    let length = format!("Content-Length: {}", body.len());
    message(
        &[
            "MESSAGE sip:kumiko@example.org SIP/2.0",
            "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-;rport",
            "Max-Forwards: 70",
            "Route: <sip:127.0.0.1:5080>",
            "Contact: <sip:fluffy@127.0.0.1:5070>",
            "To: <sip:kumiko@example.org>",
            "From: <sip:fluffy@example.com>;tag=2fb0dcc9",
            "Call-ID: 3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..",
            "CSeq: 1 MESSAGE",
            "Content-Transfer-Encoding: binary",
            "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
            "Date: Sat, 15 Oct 2005 04:44:56 GMT",
            "User-Agent: SIPimp.org/0.2.5 (curses)",
            &length,
        ],
        &body,
    )
}

// 3.1.1.12: a reason phrase beyond ASCII.
fn unreason() -> Vec<u8> {
    message(
        &[
            "SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое",
            "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923",
            "Call-ID: unreason.1234ksdfak3j2erwedfsASdf",
            "CSeq: 35 INVITE",
            "From: sip:user@example.com;tag=11141343",
            "To: sip:user@example.edu;tag=2229",
            "Content-Length: 154",
            "Content-Type: application/sdp",
            "Contact: <sip:user@host198.example.com>",
        ],
        &sdp("192.0.2.198", "192.0.2.198"),
    )
}

// 3.1.1.13: an empty reason phrase.
fn noreason() -> Vec<u8> {
    message(
        &[
            "SIP/2.0 100 ",
            "Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe",
            "Call-ID: noreason.asndj203insdf99223ndf",
            "CSeq: 35 INVITE",
            "From: <sip:user@example.com>;tag=39ansfi3",
            "To: <sip:user@example.edu>;tag=902jndnke3",
            "Content-Length: 0",
            "Contact: <sip:user@host105.example.com>",
        ],
        b"",
    )
}

// 3.4.1: an INVITE of RFC 2543, without branch, From tag, Max-Forwards and Content-Length.
fn inv2543() -> Vec<u8> {
    message(
        &[
            "INVITE sip:UserB@example.com SIP/2.0",
            "Via: SIP/2.0/UDP iftgw.example.com",
            "From: <sip:+13035551111@ift.client.example.net;user=phone>",
            "Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>",
            "To: sip:+16505552222@ss1.example.net;user=phone",
            "Call-ID: inv2543.1717@ift.client.example.com",
            "CSeq: 56 INVITE",
            "Content-Type: application/sdp",
        ],
        b"v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\nm=audio 49217 RTP/AVP 0\r\n",
    )
}

/// The faults of sections 3.1.2 and 3.3, each in one small message, and what they are answered with.
pub fn faults() -> Vec<(&'static str, Verdict, Vec<u8>)> {
    let base = "OPTIONS sip:user@example.com SIP/2.0\r\nTo: sip:j.user@example.com\r\nFrom: sip:caller@example.net;tag=34525\r\nMax-Forwards: 6\r\nCall-ID: id.dj0234sxdfl3\r\nCSeq: 8 OPTIONS\r\nVia: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw\r\nContact: <sip:caller@host.example.net>\r\nContent-Length: 0\r\n\r\n";
    let row = |section, verdict, from: &str, to: &str| {
        assert!(base.contains(from), "{from} is not in the message");
        (section, verdict, base.replace(from, to).into_bytes())
    };
    let refuse = Verdict::Answer(400);
    let reply = |section, status: &str, number: &str| {
        let text = base.replace("OPTIONS sip:user@example.com SIP/2.0", status).replace("CSeq: 8", number);
        (section, Verdict::Drop, text.into_bytes())
    };
    vec![
        row("3.1.2.1 empty parameters", refuse, ";branch=z9hG4bKkdjuw", ";;,;,,"),
        row("3.1.2.2 body too short", refuse, "Length: 0", "Length: 9999"),
        row("3.1.2.3 negative length", refuse, "Length: 0", "Length: -999"),
        row("3.1.2.4 number too large", refuse, "CSeq: 8", "CSeq: 36893488147419103232"),
        row("3.1.2.6 open quote", refuse, "To: sip:j.user", "To: \"Mr. J. User <sip:j.user"),
        row(
            "3.1.2.7 brackets around the Request-URI",
            refuse,
            "sip:user@example.com SIP",
            "<sip:user@example.com> SIP",
        ),
        row("3.1.2.8 blank in the Request-URI", refuse, "example.com SIP", "example.com; lr SIP"),
        row("3.1.2.9 several blanks in the request line", refuse, "OPTIONS sip", "OPTIONS  sip"),
        row("3.1.2.10 blanks behind the version", refuse, "SIP/2.0\r\nTo", "SIP/2.0  \r\nTo"),
        row(
            "3.1.2.11 header fields in the Request-URI",
            refuse,
            "example.com SIP",
            "example.com?Route=%3Csip:example.com%3E SIP",
        ),
        row(
            "3.1.2.13 header fields in a bare Contact",
            refuse,
            "<sip:caller@host.example.net>",
            "sip:user@example.com?Route=%3Csip:x%3E",
        ),
        row(
            "3.1.2.14 blanks inside brackets",
            Verdict::Accept,
            "To: sip:j.user@example.com",
            "To: \"W, T\" < sip:t@example.org >",
        ),
        row(
            "3.1.2.15 separators in a bare display name",
            refuse,
            "To: sip:j.user@example.com",
            "To: Watson, T <sip:t@example.org>",
        ),
        row("3.1.2.16 unknown version", Verdict::Answer(505), "SIP/2.0\r\nTo", "SIP/7.0\r\nTo"),
        row("3.1.2.17 methods differ", refuse, "8 OPTIONS", "8 INVITE"),
        row("3.1.2.18 unknown method differs", Verdict::Answer(501), "OPTIONS sip", "NEWMETHOD sip"),
        row("3.2.1 branch of a cookie alone", Verdict::Accept, "z9hG4bKkdjuw", "z9hG4bK"),
        row("3.3.1 no Call-ID", refuse, "Call-ID: id.dj0234sxdfl3\r\n", ""),
        row(
            "3.3.2 unknown scheme",
            Verdict::Answer(416),
            "sip:user@example.com SIP",
            "nobodyKnowsThisScheme:opaque SIP",
        ),
        row("3.3.4 unknown schemes elsewhere", Verdict::Accept, "<sip:caller@host.example.net>", "<name:John_Smith>"),
        row(
            "3.3.8 two values of a single field",
            refuse,
            "Max-Forwards: 6\r\n",
            "Max-Forwards: 6\r\nMax-Forwards: 7\r\n",
        ),
        row("3.3.9 two lengths", refuse, "Content-Length: 0\r\n", "Content-Length: 0\r\nContent-Length: 5\r\n"),
        row("3.3.11 no hop left", Verdict::Accept, "Forwards: 6", "Forwards: 0"),
        reply("3.1.2.5 reply with a number too large", "SIP/2.0 503 x", "CSeq: 9292394834772304023312"),
        reply("3.1.2.19 status code too large", "SIP/2.0 4294967301 x", "CSeq: 8"),
    ]
}
