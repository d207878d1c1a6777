//! The archive of an identification (8.3.3.1) and what lies in it.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::account::Account;
use super::case::{Case, Outcome};
use super::render;

/// The archive: the result as XML, the attachments, and the result as JSON where the account has it so.
pub(super) fn zip(case: &Case, account: &Account, outcome: &Outcome) -> zip::result::ZipResult<Vec<u8>> {
    let tx = &case.transaction_number;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.start_file(format!("{tx}.xml"), options)?;
    writer.write_all(render::xml(case, account, outcome).as_bytes())?;
    if account.json_in_archive {
        writer.start_file(format!("{tx}.json"), options)?;
        writer.write_all(render::json(case, account, outcome).to_string().as_bytes())?;
    }
    for (key, name) in render::attachments(case, account, outcome) {
        // Pictures and recordings are compressed already.
        writer.start_file(name, options.compression_method(CompressionMethod::Stored))?;
        let start = attachment(&key);
        writer.write_all(start)?;
        let padding = account.attachment_length.saturating_sub(start.len() as u64);
        std::io::copy(&mut std::io::Read::take(std::io::repeat(b' '), padding), &mut writer)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// The beginning of an attachment: small, and of the kind that its name says.
pub(super) fn attachment(key: &str) -> &'static [u8] {
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
