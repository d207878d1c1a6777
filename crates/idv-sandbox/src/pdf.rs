//! A PDF of one page with lines of text (ISO 32000-1).

/// Returns the document.
pub(crate) fn document(lines: &[String]) -> Vec<u8> {
    let mut page = b"BT /F1 11 Tf 50 790 Td 14 TL\n".to_vec();
    for line in lines {
        page.push(b'(');
        for letter in line.chars() {
            if matches!(letter, '(' | ')' | '\\') {
                page.push(b'\\');
            }
            // The font's encoding contains Latin-1.
            page.push(u8::try_from(u32::from(letter)).unwrap_or(b'?'));
        }
        page.extend_from_slice(b") Tj T*\n");
    }
    page.extend_from_slice(b"ET\n");
    let mut content = format!("<< /Length {} >>\nstream\n", page.len()).into_bytes();
    content.append(&mut page);
    content.extend_from_slice(b"endstream");
    let objects: [&[u8]; 5] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        &content,
    ];
    let mut pdf = b"%PDF-1.4\n".to_vec();
    let mut directory = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in objects.iter().enumerate() {
        directory += &format!("{:010} 00000 n \n", pdf.len());
        pdf.extend_from_slice(format!("{} 0 obj\n", number + 1).as_bytes());
        pdf.extend_from_slice(object);
        pdf.extend_from_slice(b"\nendobj\n");
    }
    let start = pdf.len();
    pdf.extend_from_slice(directory.as_bytes());
    let trailer = format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    pdf.extend_from_slice(trailer.as_bytes());
    pdf
}
