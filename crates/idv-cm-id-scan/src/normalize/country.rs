//! Parses countries in the vendor's notations: English names, words of the document's own language,
//! and codes.

use std::collections::HashMap;
use std::sync::LazyLock;

use idv_core::report::Country;

/// Country words beyond the codes and short English names of ISO 3166, in lower case, with the
/// alpha-2 code: common English names, and the names and nationalities on a country's documents in
/// its own language.
#[rustfmt::skip]
pub const COUNTRY_WORDS: &[(&str, &str)] = &[
    // The Netherlands: the samples have "Netherlands" and "Nederlandse".
    ("the netherlands", "NL"), ("nederland", "NL"), ("nederlandse", "NL"), ("nederlands", "NL"), ("dutch", "NL"), ("holland", "NL"),
    ("kingdom of the netherlands", "NL"), ("koninkrijk der nederlanden", "NL"),
    // Belgium.
    ("belgië", "BE"), ("belgie", "BE"), ("belgique", "BE"), ("belgien", "BE"), ("belg", "BE"), ("belge", "BE"), ("belgische", "BE"),
    ("belgian", "BE"),
    // Germany.
    ("deutschland", "DE"), ("deutsch", "DE"), ("german", "DE"), ("bundesrepublik deutschland", "DE"), ("duitse", "DE"),
    ("federal republic of germany", "DE"), ("duitsland", "DE"), ("allemagne", "DE"), ("d", "DE"),
    // France.
    ("french", "FR"), ("française", "FR"), ("français", "FR"), ("francaise", "FR"), ("francais", "FR"), ("franse", "FR"),
    ("frankrijk", "FR"), ("république française", "FR"),
    // Other neighbours.
    ("luxembourgeoise", "LU"), ("luxembourgeois", "LU"), ("lëtzebuergesch", "LU"), ("luxemburg", "LU"),
    ("österreich", "AT"), ("oesterreich", "AT"), ("austrian", "AT"), ("österreichisch", "AT"), ("oostenrijk", "AT"),
    ("schweiz", "CH"), ("suisse", "CH"), ("svizzera", "CH"), ("swiss", "CH"), ("zwitserland", "CH"), ("liechtensteinisch", "LI"),
    ("danmark", "DK"), ("dansk", "DK"), ("danish", "DK"), ("sverige", "SE"), ("svensk", "SE"), ("swedish", "SE"),
    ("norge", "NO"), ("norsk", "NO"), ("norwegian", "NO"), ("suomi", "FI"), ("suomalainen", "FI"), ("finnish", "FI"),
    ("ísland", "IS"), ("íslenskt", "IS"), ("icelandic", "IS"),
    // The British Isles.
    ("united kingdom", "GB"), ("great britain", "GB"), ("british", "GB"), ("british citizen", "GB"), ("england", "GB"),
    ("irish", "IE"), ("éire", "IE"), ("éireannach", "IE"), ("republic of ireland", "IE"),
    // Southern Europe.
    ("españa", "ES"), ("española", "ES"), ("español", "ES"), ("spanish", "ES"), ("spanje", "ES"), ("espana", "ES"),
    ("portuguesa", "PT"), ("português", "PT"), ("portuguese", "PT"), ("italia", "IT"), ("italiana", "IT"), ("italian", "IT"),
    ("italië", "IT"), ("ελλάδα", "GR"), ("ελληνική", "GR"), ("greek", "GR"), ("hellenic", "GR"), ("maltese", "MT"), ("maltija", "MT"),
    ("cypriot", "CY"), ("κυπριακή", "CY"),
    // Eastern Europe and Turkey.
    ("polska", "PL"), ("polskie", "PL"), ("polish", "PL"), ("česká republika", "CZ"), ("czech republic", "CZ"), ("czech", "CZ"),
    ("slovenská republika", "SK"), ("slovenská", "SK"), ("slovak republic", "SK"), ("slovak", "SK"), ("slovenija", "SI"), ("slovensko", "SK"),
    ("slovenian", "SI"), ("magyarország", "HU"), ("magyar", "HU"), ("hungarian", "HU"), ("românia", "RO"), ("română", "RO"),
    ("romanian", "RO"), ("romana", "RO"), ("българия", "BG"), ("bulgarian", "BG"), ("hrvatska", "HR"), ("hrvatsko", "HR"),
    ("croatian", "HR"), ("srbija", "RS"), ("serbian", "RS"), ("shqipëria", "AL"), ("shqiptare", "AL"), ("albanian", "AL"),
    ("lietuva", "LT"), ("lietuvos", "LT"), ("lithuanian", "LT"), ("latvija", "LV"), ("latvijas", "LV"), ("latvian", "LV"),
    ("eesti", "EE"), ("estonian", "EE"), ("україна", "UA"), ("ukrainian", "UA"), ("turkey", "TR"), ("türkiye", "TR"), ("türk", "TR"),
    ("turkish", "TR"), ("t.c./tur", "TR"), ("russia", "RU"), ("russian", "RU"), ("russian federation", "RU"), ("moldova", "MD"),
    // Other continents: common names that differ from ISO's.
    ("united states", "US"), ("united states of america", "US"), ("usa", "US"), ("american", "US"), ("canadian", "CA"),
    ("brasil", "BR"), ("brasileiro", "BR"), ("brasileira", "BR"), ("brazilian", "BR"), ("surinaamse", "SR"), ("surinamese", "SR"),
    ("venezuela", "VE"), ("bolivia", "BO"), ("méxico", "MX"), ("mexicana", "MX"), ("mexican", "MX"),
    ("vietnam", "VN"), ("viet nam", "VN"), ("south korea", "KR"), ("republic of korea", "KR"), ("north korea", "KP"), ("iran", "IR"),
    ("syria", "SY"), ("taiwan", "TW"), ("hong kong", "HK"), ("macau", "MO"), ("laos", "LA"), ("brunei", "BN"), ("tanzania", "TZ"),
    ("cape verde", "CV"), ("ivory coast", "CI"), ("côte d'ivoire", "CI"), ("swaziland", "SZ"), ("moroccan", "MA"), ("marocaine", "MA"),
    ("indian", "IN"), ("chinese", "CN"), ("japanese", "JP"), ("indonesian", "ID"), ("australian", "AU"),
];

/// Every word in lower case: the short English names of ISO 3166, and the table.
static WORDS: LazyLock<HashMap<String, Country>> = LazyLock::new(|| {
    let letters = || 'A'..='Z';
    let codes =
        letters().flat_map(|first| letters().map(move |second| String::from_iter([first, second])));
    let names = codes
        .filter_map(|code| Country::from_alpha2(&code))
        .map(|country| (country.name().to_lowercase(), country));
    let words = COUNTRY_WORDS
        .iter()
        .filter_map(|(word, code)| Some(((*word).to_owned(), Country::from_alpha2(code)?)));
    names.chain(words).collect()
});

/// Returns the country that a word names.
pub(super) fn country(word: &str) -> Option<Country> {
    if matches!(word.len(), 2 | 3)
        && let Some(country) = Country::from_word(word)
    {
        return Some(country);
    }
    // ASCII case is not enough: documents have names in capitals.
    WORDS.get(&word.to_lowercase()).copied()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn country_words_are_unique_and_lower_case() {
        for (index, (word, letters)) in COUNTRY_WORDS.iter().enumerate() {
            assert_eq!(*word, word.to_lowercase());
            assert!(Country::from_alpha2(letters).is_some(), "{word}: {letters}");
            assert!(
                !COUNTRY_WORDS
                    .iter()
                    .skip(index + 1)
                    .any(|(other, _)| other == word),
                "{word} stands twice"
            );
            assert_eq!(
                country(&word.to_uppercase())
                    .map(|country| country.code().to_owned())
                    .as_deref(),
                Some(*letters),
                "{word}"
            );
        }
    }

    #[test]
    fn code_name_and_local_word_give_one_country() {
        for word in [
            "NL",
            "NLD",
            "nld",
            "Netherlands",
            "NETHERLANDS",
            "Nederlandse",
            "NEDERLANDSE",
            "The Netherlands",
        ] {
            assert_eq!(country(word).unwrap().code(), "NL", "{word}");
        }
        for word in ["", "Utopia", "XX", "Netherlandsx"] {
            assert_eq!(country(word), None, "{word}");
        }
    }
}
