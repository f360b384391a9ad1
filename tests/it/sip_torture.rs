//! RFC 4475: each message gets the verdict the RFC asks for. The archive's own files are read too where they are at hand
//! (`../shared/rfc4475`); without them the messages of `tests/torture` stand alone.
use crate::torture::{Verdict, faults, valid};
use bytes::Bytes;
use sipscript::sip::{Fault, Framing, HeaderId, Message};
use std::path::{Path, PathBuf};

/// Expectations that belong to the layers above: these messages are well formed.
const JUDGED_ABOVE: [&str; 4] = ["bext01", "invut", "sdp01", "bcast"];
/// Our text of these has values of our own making (of `dblreq`, the part nobody reads).
const OWN_VALUES: [&str; 3] = ["dblreq", "longreq", "mpart01"];

fn read(bytes: &[u8]) -> (Result<(), Fault>, Option<Box<Message>>) {
    match Message::parse(Bytes::copy_from_slice(bytes), Framing::Datagram) {
        Ok(message) => (message.validate(), Some(Box::new(message))),
        Err(error) => (Err(error.fault), error.partial),
    }
}

fn verdict(bytes: &[u8]) -> Verdict {
    match read(bytes) {
        (Ok(()), _) => Verdict::Accept,
        (Err(fault), Some(message)) if message.is_request() => Verdict::Answer(fault.status().get()),
        (Err(_), _) => Verdict::Drop,
    }
}

fn archive() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/rfc4475");
    folder.join("INDEX.tsv").exists().then_some(folder)
}

/// Name, expected verdict and bytes of each file.
fn archived() -> Vec<(String, String, Vec<u8>)> {
    let Some(folder) = archive() else { return Vec::new() };
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).expect("the index is readable");
    let rows = index.lines().filter(|l| !l.starts_with('#'));
    rows.map(|row| {
        let columns: Vec<&str> = row.split('\t').collect();
        let mut bytes = std::fs::read(folder.join(format!("{}.dat", columns[0]))).expect("each message is readable");
        if columns[0] == "baddn" {
            // The file lacks the empty line, which is not what it tests.
            bytes.extend_from_slice(b"\r\n");
        }
        (columns[0].to_owned(), columns[3].to_owned(), bytes)
    })
    .collect()
}

#[test]
fn accepts_every_valid_message() {
    for row in valid() {
        assert_eq!(read(&row.message).0, Ok(()), "{} ({})", row.name, row.section);
    }
}

#[test]
fn answers_each_fault_with_its_status() {
    for (section, expected, bytes) in faults() {
        assert_eq!(verdict(&bytes), expected, "{section}");
    }
}

#[test]
fn gives_the_archive_the_verdicts_of_its_index() {
    for (name, expected, bytes) in archived() {
        let found = verdict(&bytes);
        let fits = match expected.as_str() {
            _ if JUDGED_ABOVE.contains(&name.as_str()) => found == Verdict::Accept,
            "accept" => found == Verdict::Accept,
            "reject" => matches!(found, Verdict::Drop | Verdict::Answer(400)),
            "either" => matches!(found, Verdict::Accept | Verdict::Answer(400)),
            "drop" => found == Verdict::Drop,
            status => status.parse().map(Verdict::Answer) == Ok(found),
        };
        assert!(fits, "{name}: expected {expected}, found {found:?}, {:?}", read(&bytes).0);
    }
}

#[test]
fn a_refused_request_can_be_answered() {
    let own = faults().into_iter().map(|(section, _, bytes)| (section.to_owned(), bytes));
    let archive = archived().into_iter().map(|(name, _, bytes)| (name, bytes));
    for (name, bytes) in own.chain(archive) {
        let (Err(fault), Some(message)) = read(&bytes) else { continue };
        let lacks_sender = matches!(fault, Fault::Missing(HeaderId::Via | HeaderId::CSeq));
        assert_eq!(message.can_be_answered(), message.is_request() && !lacks_sender, "{name}: {fault}");
    }
}

#[test]
fn our_text_is_the_archives() {
    let archive = archived();
    for row in valid() {
        let Some((name, _, bytes)) = archive.iter().find(|(name, ..)| name == row.name) else { continue };
        let same = *bytes == row.message;
        assert_eq!(same, !OWN_VALUES.contains(&row.name), "{name}: {}", first_difference(bytes, &row.message));
    }
}

fn first_difference(a: &[u8], b: &[u8]) -> String {
    let at = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let show =
        |text: &[u8]| String::from_utf8_lossy(text.get(at..).unwrap_or_default()).chars().take(40).collect::<String>();
    format!("at byte {at}: {:?} and {:?}", show(a), show(b))
}
