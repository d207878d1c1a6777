//! The declaration of a configuration.

use super::Secrets;
use crate::secret::Secret;

/// A value that a setter accepts for a setting of type `T`: the value itself, the value inside an
/// `Option`, or a string.
pub trait IntoSetting<T> {
    /// Converts into the value of the setting.
    fn into_setting(self) -> T;
}

impl<T> IntoSetting<T> for T {
    fn into_setting(self) -> T {
        self
    }
}

impl<T> IntoSetting<Option<T>> for T {
    fn into_setting(self) -> Option<T> {
        Some(self)
    }
}

impl IntoSetting<String> for &str {
    fn into_setting(self) -> String {
        self.to_owned()
    }
}

impl IntoSetting<Option<String>> for &str {
    fn into_setting(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl<const N: usize> IntoSetting<Vec<String>> for [&str; N] {
    fn into_setting(self) -> Vec<String> {
        self.map(str::to_owned).to_vec()
    }
}

impl IntoSetting<Secret> for &str {
    fn into_setting(self) -> Secret {
        self.into()
    }
}

impl IntoSetting<Option<Secret>> for &str {
    fn into_setting(self) -> Option<Secret> {
        Some(self.into())
    }
}

impl IntoSetting<Secrets> for &str {
    fn into_setting(self) -> Secrets {
        self.into()
    }
}

impl IntoSetting<Secrets> for Secret {
    fn into_setting(self) -> Secrets {
        self.into()
    }
}

impl<const N: usize> IntoSetting<Secrets> for [Secret; N] {
    fn into_setting(self) -> Secrets {
        self.into_iter().collect()
    }
}

/// Declares a configuration: each key once, with its type, its default and its documentation.
///
/// The macro generates the struct with public fields, a chainable setter for each field,
/// `SETTINGS`, `from_table`, and `Deserialize`. If there are required keys, it generates a private
/// function `required` with one argument for each, or else `Default`. If the key differs from the
/// name of the field, it follows in parentheses. `as` names the type that parses the value, if it
/// differs from that of the field.
///
/// ```
/// use std::time::Duration;
///
/// use idv_core::Secret;
/// use idv_core::adapter::settings::{Millis, Secrets};
///
/// idv_core::settings! {
///     /// An account at a vendor.
///     pub struct ExampleConfig {
///         required {
///             /// The company's name.
///             company: String,
///         }
///         optional {
///             /// The secrets that authenticate callbacks.
///             callback_secret: Secrets,
///             /// The time between two requests.
///             pause("pause_ms"): Duration as Millis = Duration::from_secs(1),
///         }
///     }
/// }
///
/// impl ExampleConfig {
///     /// Returns an account.
///     pub fn new(company: &str) -> Self {
///         Self::required(company.to_owned())
///     }
/// }
///
/// let config = ExampleConfig::new("bank").callback_secret("0123456789abcdef");
/// assert_eq!(config.pause, Duration::from_secs(1));
/// let read: ExampleConfig = serde_json::from_str(r#"{"company": "bank", "pause_ms": 5}"#)?;
/// assert_eq!(read.pause, Duration::from_millis(5));
/// let error = serde_json::from_str::<ExampleConfig>(r#"{"compny": "bank"}"#).unwrap_err();
/// assert!(error.to_string().contains("did you mean `company`?"), "{error}");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! settings {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            optional { $($optional:tt)* }
        }
    ) => {
        $crate::settings! {
            $(#[$attribute])*
            $visibility struct $name {
                required {}
                optional { $($optional)* }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::required()
            }
        }
    };
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            required { $($(#[doc = $required_doc:literal])* $required:ident: $required_type:ty),* $(,)? }
            optional {
                $(
                    $(#[doc = $doc:literal])*
                    $field:ident $(($key:literal))?: $type:ty $(as $reader:ty)? $(= $default:expr)?
                ),* $(,)?
            }
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        $visibility struct $name {
            $($(#[doc = $required_doc])* pub $required: $required_type,)*
            $($(#[doc = $doc])* pub $field: $type,)*
        }

        impl $name {
            /// The keys, in the order of their declaration.
            $visibility const SETTINGS: &'static [$crate::adapter::settings::Setting] = &[
                $($crate::adapter::settings::Setting::new::<$required_type>(
                    stringify!($required), true, concat!($($required_doc, "\n"),*),
                ),)*
                $($crate::adapter::settings::Setting::new::<$crate::settings!(@either $($reader)?, $type)>(
                    $crate::settings!(@key $field $($key)?), false, concat!($($doc, "\n"),*),
                ),)*
            ];

            #[allow(clippy::too_many_arguments, reason = "one for each required key")]
            fn required($($required: $required_type),*) -> Self {
                Self {
                    $($required,)*
                    $($field: $crate::settings!(@default $($default)?),)*
                }
            }

            /// Parses a table.
            ///
            /// # Errors
            ///
            /// [`Config`]($crate::ErrorKind::Config), which names the key, its place and its
            /// format.
            $visibility fn from_table(table: &$crate::adapter::settings::Table) -> $crate::Result<Self> {
                table.check_keys(Self::SETTINGS)?;
                #[allow(unused_mut, reason = "there may be no optional keys")]
                let mut settings = Self::required($(table.required::<$required_type>(stringify!($required))?),*);
                $(
                    if let Some(value) =
                        table.optional::<$crate::settings!(@either $($reader)?, $type)>($crate::settings!(@key $field $($key)?))?
                    {
                        settings.$field = value.into();
                    }
                )*
                Ok(settings)
            }

            $(
                #[doc = concat!("Sets [`", stringify!($required), "`](Self#structfield.", stringify!($required), ").")]
                #[must_use]
                $visibility fn $required(mut self, $required: impl $crate::adapter::settings::IntoSetting<$required_type>) -> Self {
                    self.$required = $required.into_setting();
                    self
                }
            )*
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
                #[must_use]
                $visibility fn $field(mut self, $field: impl $crate::adapter::settings::IntoSetting<$type>) -> Self {
                    self.$field = $field.into_setting();
                    self
                }
            )*
        }

        impl<'de> $crate::adapter::settings::serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> ::core::result::Result<Self, D::Error>
            where
                D: $crate::adapter::settings::serde::Deserializer<'de>,
            {
                let table = <$crate::adapter::settings::Table as $crate::adapter::settings::serde::Deserialize<'de>>::deserialize(
                    deserializer,
                )?;
                Self::from_table(&table).map_err($crate::adapter::settings::serde::de::Error::custom)
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@default) => { ::core::default::Default::default() };
    (@default $default:expr) => { $default };
    (@either , $type:ty) => { $type };
    (@either $reader:ty, $type:ty) => { $reader };
}

/// Declares the words for the variants of an enum in configurations, so that a setting can have its
/// type.
///
/// ```
/// use idv_core::adapter::settings::SettingValue;
///
/// #[derive(Debug, PartialEq)]
/// enum Colour {
///     Red,
///     Green,
/// }
///
/// idv_core::setting_words!(Colour { Red = "red", Green = "green" });
///
/// assert_eq!(Colour::read(&"green".into()).unwrap(), Colour::Green);
/// assert_eq!(Colour::form(), "`red` or `green`");
/// ```
#[macro_export]
macro_rules! setting_words {
    ($name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $crate::adapter::settings::SettingValue for $name {
            fn form() -> ::std::borrow::Cow<'static, str> {
                $crate::adapter::settings::either(&[$($word),*]).into()
            }

            fn read(value: &$crate::adapter::settings::Value) -> ::core::result::Result<Self, $crate::adapter::settings::Fault> {
                match value.as_str() {
                    $(Some($word) => Ok(Self::$variant),)*
                    _ => Err($crate::adapter::settings::Fault::word(value, &[$($word),*])),
                }
            }
        }
    };
}
