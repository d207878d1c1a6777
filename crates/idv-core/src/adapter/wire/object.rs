//! Types with named parts.

use serde::de::SeqAccess;
use serde_json::Value;

use super::any;
use super::part::{Part, Shape};

/// Declares a type with named parts, in the vendor's own words, that is read from an object.
///
/// Each field follows the vendor's names for it. Unknown members, and members of a shape that their
/// field cannot read, are ignored unless the last field is behind `..`: that field keeps them. It
/// is a [`Members`](crate::adapter::wire::Members), or a type of the adapter with the same methods
/// `read`, `read_field` and `insert`, and `field` for members of another type. The last of several
/// members with the same name counts. Every field is a [`Part`](crate::adapter::wire::Part) and has
/// the visibility of the type. The type is `#[non_exhaustive]`, because vendors add members; it must
/// derive `Default`.
///
/// An array with a single object is read as that object.
///
/// Two clauses serve the peculiarities of a vendor:
///
/// - `name: Type as Read` reads the member as a `Read` and converts it into the type. Use it for a
///   type of another crate, if the vendor writes its values differently.
/// - `else |text| …` after the type is its value if text stands in place of the object.
///
/// ```
/// use idv_core::Text;
/// use idv_core::adapter::wire::{self, Part, Shape, object};
///
/// object! {
///     /// A task for the person.
///     #[derive(Debug, Default)]
///     pub struct Task<'a> {
///         /// The kind of task.
///         "type" kind: Option<Text<'a>>,
///         /// Whether it may be repeated.
///         "repeat" repeat: Option<bool> as YesNo,
///     }
///     // The response to a create call contains only the kind.
///     else |kind| Self { kind: Some(kind), ..Self::default() }
/// }
///
/// /// A boolean in this vendor's notation.
/// #[derive(Default)]
/// struct YesNo(Option<bool>);
///
/// impl<'de> Part<'de> for YesNo {
///     fn text(text: Text<'de>) -> Shape<Self> {
///         Shape::Expected(Self(match text.expose() {
///             "yes" => Some(true),
///             "no" => Some(false),
///             _ => None,
///         }))
///     }
/// }
///
/// impl From<YesNo> for Option<bool> {
///     fn from(word: YesNo) -> Self {
///         word.0
///     }
/// }
///
/// let tasks: Vec<Task<'_>> = wire::read_json(r#"["face_match", {"type": "document_scan", "repeat": "yes"}]"#)?;
/// assert_eq!(tasks[0].kind, Some(Text::new("face_match")));
/// assert_eq!(tasks[1].repeat, Some(true));
/// # Ok::<(), idv_core::Error>(())
/// ```
// Exported macros are at the root of their crate; `wire::object` is their only public path.
#[doc(hidden)]
#[macro_export]
macro_rules! __wire_object {
    ($(#[$attribute:meta])* $vis:vis struct $object:ident<$life:lifetime> { $($parts:tt)* } $(else |$text:ident| $otherwise:expr)?) => {
        $crate::__wire_parts! { @struct $(#[$attribute])* $vis $object [<$life>] { $($parts)* } }

        impl<$life> $crate::adapter::wire::Part<$life> for $object<$life> {
            $(fn text($text: $crate::Text<$life>) -> $crate::adapter::wire::Shape<Self> {
                $crate::adapter::wire::Shape::Expected($otherwise)
            })?

            $crate::__wire_parts! { @read $life { $($parts)* } }
        }
    };
    ($(#[$attribute:meta])* $vis:vis struct $object:ident { $($parts:tt)* }) => {
        $crate::__wire_parts! { @struct $(#[$attribute])* $vis $object [] { $($parts)* } }

        impl<'de> $crate::adapter::wire::Part<'de> for $object {
            $crate::__wire_parts! { @read 'de { $($parts)* } }
        }
    };
}

// The rules of `object!` are in a separate macro, so that its documentation shows only its forms.
#[doc(hidden)]
#[macro_export]
macro_rules! __wire_parts {
    (@struct $(#[$attribute:meta])* $vis:vis $object:ident [$($generics:tt)*] {
        $($(#[$part_attribute:meta])* $($name:literal)|+ $field:ident: $type:ty $(as $read:ty)?,)*
        $(.. $(#[$others_attribute:meta])* $others:ident: $members:ty,)?
    }) => {
        $(#[$attribute])*
        #[non_exhaustive]
        $vis struct $object $($generics)* {
            $($(#[$part_attribute])* $vis $field: $type,)*
            $($(#[$others_attribute])* $vis $others: $members,)?
        }
    };
    (@read $life:lifetime {
        $($(#[$part_attribute:meta])* $($name:literal)|+ $field:ident: $type:ty $(as $read:ty)?,)*
        $(.. $(#[$others_attribute:meta])* $others:ident: $members:ty,)?
    }) => {
        $crate::__wire_parts! { @methods $life [$($others)?] $($($name)|+ $field: $type $(as $read)?,)* }
    };
    (@methods $life:lifetime $others:tt $($($name:literal)|+ $field:ident: $type:ty $(as $read:ty)?,)*) => {
        fn object<A: $crate::adapter::wire::__serde::de::MapAccess<$life>>(
            mut map: A,
        ) -> Result<$crate::adapter::wire::Shape<Self>, A::Error> {
            let mut object = Self::default();
            while let Some(name) = map.next_key_seed($crate::adapter::wire::Name)? {
                match &*name {
                    $($($name)|+ => {
                        $crate::__wire_parts!(@field map object name [$($name)|+] $field $type [$($read)?] $others);
                    })*
                    _ => $crate::__wire_parts!(@unknown map name object $others),
                }
            }
            Ok($crate::adapter::wire::Shape::Expected(object))
        }

        fn array<A: $crate::adapter::wire::__serde::de::SeqAccess<$life>>(
            seq: A,
        ) -> Result<$crate::adapter::wire::Shape<Self>, A::Error> {
            $crate::adapter::wire::__single(seq)
        }

        #[allow(unused_mut, unused_variables, reason = "an object without a place for others keeps no value")]
        fn entry(value: $crate::adapter::wire::__serde_json::Value) -> Option<Self> {
            let mut object = Self::default();
            $crate::__wire_parts!(@entry object value $others);
            Some(object)
        }
    };
    (@entry $object:ident $value:ident []) => {};
    (@entry $object:ident $value:ident [$others:ident]) => {
        $object.$others.insert("", $value)
    };
    (@field $map:ident $object:ident $name:ident $names:tt $field:ident $type:ty [] []) => {
        $crate::adapter::wire::__read_field(&mut $map, &mut $object.$field)?
    };
    (@field $map:ident $object:ident $name:ident [$first:literal $(| $alias:literal)*] $field:ident $type:ty [] [$others:ident]) => {
        $object.$others.read_field(&$name, $first, &mut $object.$field, &mut $map)?
    };
    (@field $map:ident $object:ident $name:ident $names:tt $field:ident $type:ty [$read:ty] []) => {
        $object.$field = $crate::adapter::wire::__converted::<$read, $type, _>(&mut $map)?
            .expected()
            .unwrap_or_default()
    };
    (@field $map:ident $object:ident $name:ident [$first:literal $(| $alias:literal)*] $field:ident $type:ty [$read:ty] [$others:ident]) => {{
        let value = $crate::adapter::wire::__converted::<$read, $type, _>(&mut $map)?;
        $object.$others.field(&$name, $first, &mut $object.$field, value)?
    }};
    (@unknown $map:ident $name:ident $object:ident []) => {
        drop($map.next_value::<$crate::adapter::wire::__serde::de::IgnoredAny>()?)
    };
    (@unknown $map:ident $name:ident $object:ident [$others:ident]) => {
        $object.$others.read(&$name, &mut $map)?
    };
}

/// Reads an object from an array with a single entry.
#[doc(hidden)]
pub fn __single<'de, P: Part<'de>, A: SeqAccess<'de>>(seq: A) -> Result<Shape<P>, A::Error> {
    let array = any::array(seq)?;
    if let Value::Array(entries) = &array
        && let [object @ Value::Object(_)] = entries.as_slice()
        && let Ok(part) = P::read(object.clone())
    {
        return Ok(part);
    }
    Ok(Shape::Other(array))
}
