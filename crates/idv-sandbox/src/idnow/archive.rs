//! The archive of an identification (8.3.3.1) and what lies in it.

mod encryption;
mod writer;

use self::encryption::Encryption;
use self::writer::Archive;
use super::account::Account;
use super::case::{Case, Outcome};
use super::documents::MOST;
use super::{render, signature};
use crate::exchange::Piece;

/// More than the length of any archive's directory and results.
const OVERHEAD: u64 = 1 << 20;
/// More than the number of an archive's attachments.
const ATTACHMENTS: u64 = 16;

/// The most that an encrypted archive holds: it is made in memory.
const MOST_ENCRYPTED: u64 = 256 << 20;

/// Whether the archives of an account stay below the 4 GB that the plain ZIP format can address, and encrypted ones fit memory.
pub(crate) fn fits(account: &Account) -> bool {
    let most = if account.archive_password.is_some() {
        MOST_ENCRYPTED
    } else {
        u64::from(u32::MAX)
    };
    let attachments = account
        .attachment_length
        .checked_mul(ATTACHMENTS)
        .and_then(|sum| sum.checked_add(account.video_length));
    // What is signed, and once more the notes that say so.
    let documents = if account.e_sign { MOST as u64 * 2 } else { 0 };
    attachments
        .and_then(|sum| sum.checked_add(OVERHEAD + documents))
        .is_some_and(|sum| sum < most)
}

/// An attachment: small, of the kind that its name says, and as long as the account has it.
pub(super) fn attachment(key: &str, account: &Account) -> Vec<Piece> {
    let start = start(key);
    let length = if key == "videolog" {
        account.video_length.max(account.attachment_length)
    } else {
        account.attachment_length
    };
    vec![
        Piece::Bytes(start.into()),
        Piece::spaces(length.saturating_sub(start.len() as u64)),
    ]
}

/// The archive: what the account has beside the result, the result as XML and its signature, the attachments, the signed documents, and
/// the result as JSON if the account has it.
///
/// It is written here rather than by a library so that gigabytes of attachments are neither kept nor read: the checksum of spaces is
/// computed from their number. An encrypted one is made in memory.
pub(super) fn zip(case: &Case, account: &Account, outcome: &Outcome) -> Vec<Piece> {
    let tx = &case.transaction_number;
    let mut archive = match &account.archive_password {
        Some(password) => Archive::encrypted(Encryption::new(password, &case.ident_id)),
        None => Archive::default(),
    };
    for name in &account.archive_extras {
        archive.stored(name, vec![Piece::Bytes(extra(name).into())]);
    }
    let folder = if account.archive_folder {
        format!("{tx}/")
    } else {
        String::new()
    };
    if account.archive_folder {
        archive.stored(&folder, Vec::new());
    }
    let xml = render::xml(case, account, outcome);
    archive.deflated(&format!("{folder}{tx}.xml"), xml.as_bytes());
    if let Some(signature) = account
        .sign_results
        .then(|| signature::sign(xml.as_bytes()))
        .flatten()
    {
        archive.deflated(&format!("{folder}{tx}.sig"), &signature);
    }
    if account.json_in_archive {
        archive.deflated(
            &format!("{folder}{tx}.json"),
            render::json(case, account, outcome).to_string().as_bytes(),
        );
    }
    for (key, name) in render::attachments(case, account, outcome) {
        // Pictures and recordings are compressed already.
        archive.stored(&format!("{folder}{name}"), attachment(&key, account));
    }
    for document in case.documents.iter().filter(|_| outcome.is_signed()) {
        if let Some(signed) = document.signed(&case.ident_id) {
            archive.stored(
                &format!("{folder}{}", document.archive_name()),
                vec![Piece::Bytes(signed)],
            );
        }
    }
    archive.finish()
}

/// The contents of an entry beside the result, of the kind that its name says.
fn extra(name: &str) -> &'static [u8] {
    // A folder of a Mac's archive holds the attributes of each file: the beginning of the AppleDouble format.
    if name.starts_with("__MACOSX/") {
        return b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ";
    }
    match name.rsplit_once('.').map_or("", |(_, suffix)| suffix) {
        _ if name.ends_with('/') => b"",
        "xml" => b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<customer><id>1</id></customer>\n",
        "json" => b"{\"customer\":{\"id\":1}}\n",
        "pdf" => start("pdf"),
        "jpg" => start("userface"),
        _ => b"A file of the customer's.\n",
    }
}

/// How an attachment begins.
fn start(key: &str) -> &'static [u8] {
    match key {
        "pdf" => {
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
            3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
        }
        "audiolog" => b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x10\x00",
        "videolog" => b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        // A picture of one grey point.
        _ => {
            b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb\x00\x43\x00\x08\x06\x06\x07\x06\x05\x08\x07\
            \x07\x07\x09\x09\x08\x0a\x0c\x14\x0d\x0c\x0b\x0b\x0c\x19\x12\x13\x0f\x14\x1d\x1a\x1f\x1e\x1d\x1a\x1c\x1c\x20\x24\x2e\x27\x20\
            \x22\x2c\x23\x1c\x1c\x28\x37\x29\x2c\x30\x31\x34\x34\x34\x1f\x27\x39\x3d\x38\x32\x3c\x2e\x33\x34\x32\xff\xc0\x00\x0b\x08\x00\
            \x01\x00\x01\x01\x01\x11\x00\xff\xc4\x00\x14\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08\xff\xc4\
            \x00\x14\x10\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x37\
            \xff\xd9"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_that_the_format_cannot_hold_is_refused() {
        let account = |attachment_length, video_length| Account {
            attachment_length,
            video_length,
            ..Account::default()
        };
        assert!(fits(&account(0, 1 << 31)));
        assert!(!fits(&account(0, 1 << 32)));
        assert!(!fits(&account(1 << 28, 0)));
        let most = (u64::from(u32::MAX) - OVERHEAD - 1) / 16 * 16;
        assert!(fits(&account(0, most)));
        assert!(
            !fits(&Account {
                e_sign: true,
                ..account(0, most)
            }),
            "documents need room too"
        );
        assert!(!fits(&account(u64::MAX, u64::MAX)));
    }
}
