//! Results as XML (13.3): read event by event into the same types as JSON. No document type, no entities beyond the five that every
//! document has and numeric ones, no namespaces.

use std::borrow::Cow;

use idv_core::{Error, Result};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::map::{Classes, Item, Pairs};
use super::text::Text;
use super::{Address, ContactData, Document, ESigning, Identification, Payload, Process, UserData};

/// How deep elements may lie in one another; the deepest documented one is the fifth.
const MAX_DEPTH: usize = 16;

/// Reads `<identifications>` with its children, or one bare `<identification>`.
pub(super) fn read(bytes: &[u8]) -> Result<Payload<'_>> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::malformed("the XML is not UTF-8"))?;
    let mut cursor = Cursor { reader: Reader::from_str(text.trim_start()), depth: 0 };
    let mut payload = Payload::default();
    let Some((root, empty)) = cursor.child(None)? else { return Err(not_a_result()) };
    match root.name().as_ref() {
        "identifications" => {
            payload.listed = true;
            cursor.children(empty, |cursor, start, empty| {
                if start.name().as_ref() == "identification" {
                    payload.identifications.push(identification(cursor, empty)?);
                    return Ok(());
                }
                cursor.skip(empty)
            })?;
        }
        "identification" => payload.identifications.push(identification(&mut cursor, empty)?),
        _ => return Err(not_a_result()),
    }
    if cursor.child(None)?.is_some() {
        return Err(Error::malformed("the XML goes on after its end"));
    }
    if payload.identifications.is_empty() && !payload.listed {
        return Err(not_a_result());
    }
    Ok(payload)
}

fn not_a_result() -> Error {
    Error::malformed("the XML holds no identification (chapter 13.3)")
}

fn identification<'a>(cursor: &mut Cursor<'a>, empty: bool) -> Result<Identification<'a>> {
    let mut read = Identification::default();
    cursor.children(empty, |cursor, start, empty| match start.name().as_ref() {
        "identificationprocess" => once(&mut read.identificationprocess, process(cursor, empty)?),
        "customdata" => once(&mut read.customdata, pairs(cursor, empty)?),
        "contactdata" => once(&mut read.contactdata, contact(cursor, empty)?),
        "userdata" => once(&mut read.userdata, user(cursor, empty)?),
        "identificationdocument" => once(&mut read.identificationdocument, document(cursor, empty)?),
        "attachments" => once(&mut read.attachments, pairs(cursor, empty)?),
        "questions" => once(&mut read.questions, pairs(cursor, empty)?),
        "esigning" => once(&mut read.esigning, esigning(cursor, empty)?),
        _ => cursor.skip(empty),
    })?;
    Ok(read)
}

fn process<'a>(cursor: &mut Cursor<'a>, empty: bool) -> Result<Process<'a>> {
    let mut read = Process::default();
    cursor.children(empty, |cursor, start, empty| {
        let place = match start.name().as_ref() {
            "result" => &mut read.result,
            "reason" => &mut read.reason,
            "agentname" => &mut read.agentname,
            "identificationtime" => &mut read.identificationtime,
            "type" => &mut read.kind,
            "transactionnumber" => &mut read.transactionnumber,
            "companyid" => &mut read.companyid,
            "id" => &mut read.id,
            "filename" => &mut read.filename,
            "href" => &mut read.href,
            "identchanges" => &mut read.identchanges,
            "reviewchanges" => &mut read.reviewchanges,
            "previousresult" => &mut read.previousresult,
            "trackingid" => &mut read.trackingid,
            _ => return cursor.skip(empty),
        };
        match cursor.text(empty)? {
            Some(text) => once(place, text),
            None => Ok(()),
        }
    })?;
    Ok(read)
}

fn contact<'a>(cursor: &mut Cursor<'a>, empty: bool) -> Result<ContactData<'a>> {
    let mut read = ContactData::default();
    cursor.children(empty, |cursor, start, empty| {
        let place = match start.name().as_ref() {
            "email" => &mut read.email,
            "mobilephone" => &mut read.mobilephone,
            _ => return cursor.skip(empty),
        };
        match cursor.text(empty)? {
            Some(text) => once(place, text),
            None => Ok(()),
        }
    })?;
    Ok(read)
}

fn user<'a>(cursor: &mut Cursor<'a>, empty: bool) -> Result<UserData<'a>> {
    let mut read = UserData::default();
    cursor.children(empty, |cursor, start, empty| {
        let place = match start.name().as_ref() {
            "birthday" => &mut read.birthday,
            "birthname" => &mut read.birthname,
            "birthplace" => &mut read.birthplace,
            "firstname" => &mut read.firstname,
            "gender" => &mut read.gender,
            "lastname" => &mut read.lastname,
            "nationality" => &mut read.nationality,
            "title" => &mut read.title,
            "personalnumber" => &mut read.personalnumber,
            "address" => return once(&mut read.address, address(cursor, empty)?),
            _ => return cursor.skip(empty),
        };
        once(place, item(cursor, start, empty)?)
    })?;
    Ok(read)
}

fn address<'a>(cursor: &mut Cursor<'a>, empty: bool) -> Result<Address<'a>> {
    let mut read = Address::default();
    cursor.children(empty, |cursor, start, empty| {
        let place = match start.name().as_ref() {
            "street" => &mut read.street,
            "streetnumber" => &mut read.streetnumber,
            "city" => &mut read.city,
            "zipcode" => &mut read.zipcode,
            "country" => &mut read.country,
            _ => return cursor.skip(empty),
        };
        once(place, item(cursor, start, empty)?)
    })?;
    Ok(read)
}

fn document<'a>(cursor: &mut Cursor<'a>, empty: bool) -> Result<Document<'a>> {
    let mut read = Document::default();
    cursor.children(empty, |cursor, start, empty| {
        let place = match start.name().as_ref() {
            "type" => &mut read.kind,
            "country" => &mut read.country,
            "validuntil" => &mut read.validuntil,
            "number" => &mut read.number,
            "issuedby" => &mut read.issuedby,
            "dateissued" => &mut read.dateissued,
            "driversclasses" => return once(&mut read.driversclasses, classes(cursor, start, empty)?),
            _ => return cursor.skip(empty),
        };
        once(place, item(cursor, start, empty)?)
    })?;
    Ok(read)
}

fn esigning<'a>(cursor: &mut Cursor<'a>, empty: bool) -> Result<ESigning<'a>> {
    let mut read = ESigning::default();
    cursor.children(empty, |cursor, start, empty| {
        let place = match start.name().as_ref() {
            "result" => &mut read.result,
            "sessionid" => &mut read.sessionid,
            _ => return cursor.skip(empty),
        };
        match cursor.text(empty)? {
            Some(text) => once(place, text),
            None => Ok(()),
        }
    })?;
    Ok(read)
}

fn pairs<'a>(cursor: &mut Cursor<'a>, empty: bool) -> Result<Pairs<'a>> {
    let mut read = Vec::new();
    cursor.children(empty, |cursor, start, empty| {
        let name = Text::new(start.name().as_ref().to_owned());
        if let Some(value) = cursor.text(empty)? {
            read.push((name, value));
        }
        Ok(())
    })?;
    Ok(Pairs(read))
}

fn item<'a>(cursor: &mut Cursor<'a>, start: &BytesStart<'a>, empty: bool) -> Result<Item<'a>> {
    let mut read = attributes(start)?;
    read.value = cursor.text(empty)?;
    Ok(read)
}

/// The classes of a driving licence. The document shows them as JSON only; here each element within is one.
fn classes<'a>(cursor: &mut Cursor<'a>, start: &BytesStart<'a>, empty: bool) -> Result<Item<'a, Classes<'a>>> {
    let Item { status, original, reviewstatus, identification, .. } = attributes::<Classes<'a>>(start)?;
    let mut read = Vec::new();
    cursor.children(empty, |cursor, _, empty| {
        read.extend(cursor.text(empty)?);
        Ok(())
    })?;
    let value = (!read.is_empty()).then_some(Classes(read));
    Ok(Item { value, status, original, reviewstatus, identification })
}

fn attributes<'a, V>(start: &BytesStart<'a>) -> Result<Item<'a, V>> {
    let mut read = Item::default();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Error::malformed("an attribute of the XML cannot be read"))?;
        let place = match attribute.key.as_ref() {
            "status" => &mut read.status,
            "original" => &mut read.original,
            "reviewstatus" => &mut read.reviewstatus,
            "identification" => &mut read.identification,
            _ => continue,
        };
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|_| Error::malformed("an attribute of the XML has an entity that is not known"))?;
        *place = Some(Text::new(value.into_owned()));
    }
    Ok(read)
}

/// Where reading is in the document.
struct Cursor<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
}

impl<'a> Cursor<'a> {
    /// Calls `each` for every element within the current one, which `each` must read to its end.
    fn children(&mut self, empty: bool, mut each: impl FnMut(&mut Self, &BytesStart<'a>, bool) -> Result<()>) -> Result<()> {
        if empty {
            return Ok(());
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::malformed("the elements of the XML lie too deep in one another"));
        }
        while let Some((start, empty)) = self.child(Some(()))? {
            each(self, &start, empty)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// The next element within the current one; `None` at its end. What text lies between is of no meaning. `within` is `None` at the
    /// top, where the end is that of the document.
    fn child(&mut self, within: Option<()>) -> Result<Option<(BytesStart<'a>, bool)>> {
        loop {
            match self.event()? {
                Event::Start(start) => return Ok(Some((start, false))),
                Event::Empty(start) => return Ok(Some((start, true))),
                Event::End(_) if within.is_some() => return Ok(None),
                Event::Eof if within.is_none() => return Ok(None),
                Event::Eof => return Err(Error::malformed("the XML ends too early")),
                Event::Text(text) if within.is_none() && !text.trim_ascii().is_empty() => {
                    return Err(Error::malformed("there is text outside of the XML's root"));
                }
                _ => {}
            }
        }
    }

    /// The text of the current element, to its end; `None` where there is none. Elements within are skipped.
    fn text(&mut self, empty: bool) -> Result<Option<Text<'a>>> {
        if empty {
            return Ok(None);
        }
        let mut whole: Option<Cow<'a, str>> = None;
        let mut add = |piece: Cow<'a, str>| match &mut whole {
            Some(text) => text.to_mut().push_str(&piece),
            None => whole = Some(piece),
        };
        loop {
            match self.event()? {
                Event::Text(text) => add(text.xml10_content()),
                Event::CData(text) => add(text.xml10_content()),
                Event::GeneralRef(reference) => add(resolve(&reference)?),
                Event::Start(_) => self.skip(false)?,
                Event::End(_) => return Ok(whole.filter(|text| !text.is_empty()).map(Text::new)),
                Event::Eof => return Err(Error::malformed("the XML ends too early")),
                _ => {}
            }
        }
    }

    /// Reads the current element to its end without looking at it.
    fn skip(&mut self, empty: bool) -> Result<()> {
        self.children(empty, Self::skip_one)
    }

    fn skip_one(&mut self, _: &BytesStart<'a>, empty: bool) -> Result<()> {
        self.skip(empty)
    }

    fn event(&mut self) -> Result<Event<'a>> {
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => Err(Error::malformed("the XML has a document type, which a result never has")),
            Ok(event) => Ok(event),
            Err(_) => Err(Error::malformed(format!("the XML is not well-formed, at byte {}", self.reader.error_position()))),
        }
    }
}

/// What a reference stands for: a character by its number, or one of the five that every document has.
fn resolve<'a>(reference: &BytesRef<'a>) -> Result<Cow<'a, str>> {
    let unknown = || Error::malformed("the XML has an entity that is not one of the five, nor a number of a character");
    if let Some(character) = reference.resolve_char_ref().map_err(|_| unknown())? {
        return Ok(Cow::Owned(character.to_string()));
    }
    quick_xml::escape::resolve_xml_entity(&reference.xml10_content()).map(Cow::Borrowed).ok_or_else(unknown)
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<()> {
    if place.replace(value).is_some() {
        return Err(Error::malformed("an element of the XML comes twice"));
    }
    Ok(())
}
