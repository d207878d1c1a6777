//! The archive of an identification (8.3.3.1) and its contents.

mod encryption;
mod writer;

use self::encryption::Encryption;
use self::writer::Archive;
use super::account::Account;
use super::case::{Case, Outcome};
use super::documents::MAX_TOTAL;
use super::{render, signature};
use crate::exchange::Piece;
use crate::jpeg;

/// An upper bound of the length of an archive's directory and results.
const OVERHEAD: u64 = 1 << 20;
/// An upper bound of the number of an archive's attachments.
const ATTACHMENTS: u64 = 16;

/// The maximum size of an encrypted archive, which is built in memory.
const MAX_ENCRYPTED: u64 = 256 << 20;

/// Returns whether an account's archives stay below the 4 GB of the plain ZIP format, and encrypted
/// ones fit into memory.
pub(crate) fn fits(account: &Account) -> bool {
    let most = if account.archive_password.is_some() {
        MAX_ENCRYPTED
    } else {
        u64::from(u32::MAX)
    };
    let attachments = account
        .attachment_length
        .checked_mul(ATTACHMENTS)
        .and_then(|sum| sum.checked_add(account.video_length));
    // The signed documents, and the notes of their signatures.
    let documents = if account.e_sign {
        MAX_TOTAL as u64 * 2
    } else {
        0
    };
    attachments
        .and_then(|sum| sum.checked_add(OVERHEAD + documents))
        .is_some_and(|sum| sum < most)
}

/// Returns an attachment of the type of its name, padded to the account's length.
pub(super) fn attachment(key: &str, account: &Account) -> Vec<Piece> {
    let start = beginning(key);
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

/// Returns the archive: the account's extra entries, the result as XML and its signature, the
/// attachments, the signed documents, and the result as JSON if the account has it.
///
/// No library writes it, so that gigabytes of attachments are neither stored nor read: the checksum
/// of spaces is computed from their number. An encrypted archive is built in memory.
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
        // Pictures and recordings are already compressed.
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

/// Returns the content of an extra entry, of the type of its name.
fn extra(name: &str) -> &'static [u8] {
    // macOS stores the attributes of each file in this folder, in AppleDouble format.
    if name.starts_with("__MACOSX/") {
        return b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ";
    }
    match name.rsplit_once('.').map_or("", |(_, suffix)| suffix) {
        _ if name.ends_with('/') => b"",
        "xml" => b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<customer><id>1</id></customer>\n",
        "json" => b"{\"customer\":{\"id\":1}}\n",
        "pdf" => beginning("pdf"),
        "jpg" => beginning("userface"),
        _ => b"A file of the customer's.\n",
    }
}

/// Returns the beginning of an attachment.
fn beginning(key: &str) -> &'static [u8] {
    match key {
        "pdf" => {
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
            3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
        }
        "audiolog" => b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x10\x00",
        "videolog" => b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        _ => &jpeg::PIXEL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_beyond_format_limit_is_refused() {
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
            "documents count as well"
        );
        assert!(!fits(&account(u64::MAX, u64::MAX)));
    }
}
