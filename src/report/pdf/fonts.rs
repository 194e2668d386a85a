//! The embedded faces: which characters they hold, and which of their glyphs a document uses.
//!
//! A PDF addresses glyphs by codes of its own. A code is given to each pair of glyph and text, not to each glyph, so
//! that every code has exactly one reading when text is copied out of the document.

use std::collections::BTreeMap;

use harfrust::{Font, ShaperFont};
use printpdf::{FontId, FontMetrics, FontType, ParsedFont, PdfFont, PdfFontMetricsStub};
use subsetter::GlyphRemapper;

use super::PdfError;

/// A font file, and the measures a PDF states about it.
struct File {
    name: &'static str,
    bytes: &'static [u8],
    /// Box around all glyphs: left, bottom, right, top.
    bounds: [i16; 4],
    ascent: i16,
    descent: i16,
    weight: u16,
}

/// Files that are embedded, in the order of [`FaceId`].
const FILES: [File; 6] = [
    File {
        name: "NotoSans-Regular",
        bytes: include_bytes!("../../../report-templates/fonts/NotoSans-Regular.ttf"),
        bounds: [-621, -389, 2800, 1067],
        ascent: 1069,
        descent: -293,
        weight: 400,
    },
    File {
        name: "NotoSans-Bold",
        bytes: include_bytes!("../../../report-templates/fonts/NotoSans-Bold.ttf"),
        bounds: [-644, -389, 2800, 1069],
        ascent: 1069,
        descent: -293,
        weight: 700,
    },
    File {
        name: "NotoSansMono-Regular",
        bytes: include_bytes!("../../../report-templates/fonts/NotoSansMono-Regular.ttf"),
        bounds: [-616, -389, 1800, 1229],
        ascent: 1069,
        descent: -293,
        weight: 400,
    },
    File {
        name: "NotoSansHebrew-Regular",
        bytes: include_bytes!("../../../report-templates/fonts/NotoSansHebrew-Regular.ttf"),
        bounds: [-210, -239, 814, 820],
        ascent: 1068,
        descent: -292,
        weight: 400,
    },
    File {
        name: "NotoSansHebrew-Bold",
        bytes: include_bytes!("../../../report-templates/fonts/NotoSansHebrew-Bold.ttf"),
        bounds: [-210, -247, 860, 859],
        ascent: 1068,
        descent: -292,
        weight: 700,
    },
    File {
        name: "NotoSansArabic-Regular",
        bytes: include_bytes!("../../../report-templates/fonts/NotoSansArabic-Regular.ttf"),
        bounds: [-220, -548, 7175, 1359],
        ascent: 1374,
        descent: -738,
        weight: 400,
    },
];

/// Units per em of every embedded face, which are also the units in which text is measured.
pub(super) const UNITS: u16 = 1000;

/// First character that stands for a code in a drawing operation; ASCII is left out so that a mistake shows.
const CODE_BASE: u32 = 0x100;

/// Codes a face gives to readings: the characters from `CODE_BASE` up to the surrogates, less room for one code per glyph.
///
/// A report has a few hundred. Only text built to exhaust them gets further; its glyphs stay right, and what they
/// stand for is no longer told apart.
const MAX_READINGS: usize = 0xD700 - 0x100 - 8192;

/// Index of a face in `FILES`.
pub(super) type FaceId = usize;

/// The face that text asks for; other faces fill in for characters it does not hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Face {
    /// Body text.
    Regular,
    /// Strong text.
    Bold,
    /// Identifiers.
    Mono,
}

impl Face {
    /// Returns the faces to look in, in order.
    pub(super) fn chain(self) -> [FaceId; 4] {
        match self {
            Self::Regular => [0, 2, 3, 5],
            Self::Bold => [1, 2, 4, 5],
            Self::Mono => [2, 0, 3, 5],
        }
    }
}

/// The fonts, parsed.
pub(super) struct Fonts(Vec<Font>);

impl Fonts {
    /// Parses the embedded files.
    pub(super) fn load() -> Result<Self, PdfError> {
        FILES
            .iter()
            .map(|file| Font::new(file.bytes, 0).ok_or(PdfError::Font { name: file.name }))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Returns the faces, with no glyph used yet.
    pub(super) fn faces(&self) -> Vec<UsedFace<'_>> {
        self.0
            .iter()
            .map(|font| UsedFace { shaper: ShaperFont::new(font), codes: Codes::default() })
            .collect()
    }
}

/// A face and the part of it that the document uses.
pub(super) struct UsedFace<'f> {
    /// For shaping.
    pub(super) shaper: ShaperFont<'f, 'static>,
    /// Codes given so far.
    pub(super) codes: Codes,
}

impl UsedFace<'_> {
    /// True when the face has a glyph for `c`.
    pub(super) fn holds(&self, c: char) -> bool {
        self.shaper.nominal_glyph(u32::from(c)).is_some()
    }
}

/// The codes that a document gives to the glyphs of one face.
#[derive(Default)]
pub(super) struct Codes {
    glyphs: GlyphRemapper,
    by_reading: BTreeMap<(u16, i32, String), u16>,
    entries: Vec<Code>,
}

/// What a code stands for.
struct Code {
    /// Glyph in the subset.
    glyph: u16,
    /// Advance in `UNITS`.
    width: u16,
    /// Text it stands for; empty for further glyphs of the same cluster.
    text: String,
}

impl Codes {
    /// Returns the code of `glyph` where it is `width` wide and stands for `text`.
    pub(super) fn code(&mut self, glyph: u16, width: i32, text: &str) -> u16 {
        let key = (glyph, width, text.to_owned());
        if let Some(code) = self.by_reading.get(&key) {
            return *code;
        }
        if self.entries.len() >= MAX_READINGS && !text.is_empty() {
            return self.code(glyph, width, "");
        }
        let code = u16::try_from(self.entries.len()).expect("readings and glyphs of a face fit the codes");
        let width = u16::try_from(width).unwrap_or_default();
        self.entries.push(Code { glyph: self.glyphs.remap(glyph), width, text: text.to_owned() });
        self.by_reading.insert(key, code);
        code
    }
}

/// Returns the character by which a drawing operation names `code`.
pub(super) fn code_char(code: u16) -> char {
    char::from_u32(CODE_BASE + u32::from(code)).expect("codes stay below the surrogates")
}

/// A face as the document embeds it.
pub(super) struct Embedded {
    /// Name with its subset tag, as in `/BaseFont`.
    pub(super) name: String,
    /// For printpdf.
    pub(super) font: PdfFont,
    /// Text of each code.
    pub(super) readings: Vec<String>,
    /// Glyph of each code in the subset, two bytes each.
    pub(super) glyph_map: Vec<u8>,
}

/// Returns the resource name of a face.
pub(super) fn font_id(face: FaceId) -> FontId {
    FontId(format!("F{face}"))
}

/// Makes the subset of a face; none when no glyph of it is used.
pub(super) fn embed(face: FaceId, used: &UsedFace<'_>) -> Result<Option<Embedded>, PdfError> {
    let file = &FILES[face];
    let entries = &used.codes.entries;
    if entries.is_empty() {
        return Ok(None);
    }
    let subset = subsetter::subset(file.bytes, 0, &used.codes.glyphs)
        .map_err(|source| PdfError::Subset { name: file.name, reason: source.to_string() })?;
    // ISO 32000-1, 9.6.4: six letters and a plus sign mark a subset. They need only differ between the subsets of one file.
    let letter = char::from(b'A' + u8::try_from(face).expect("six faces"));
    let name = format!("CSIGN{letter}+{}", file.name);
    let mut glyph_widths = BTreeMap::new();
    let mut codepoint_to_glyph = BTreeMap::new();
    for (code, entry) in (0u16..).zip(entries) {
        glyph_widths.insert(code, entry.width);
        codepoint_to_glyph.insert(u32::from(code_char(code)), code);
    }
    let font = ParsedFont {
        original_bytes: subset,
        font_index: 0,
        font_name: Some(name.clone()),
        codepoint_to_glyph,
        glyph_widths,
        units_per_em: UNITS,
        font_metrics: FontMetrics { ascent: file.ascent, descent: file.descent },
        font_type: FontType::TrueType,
        pdf_font_metrics: PdfFontMetricsStub {
            units_per_em: UNITS,
            x_min: file.bounds[0],
            y_min: file.bounds[1],
            x_max: file.bounds[2],
            y_max: file.bounds[3],
            us_weight_class: file.weight,
            ..PdfFontMetricsStub::default()
        },
    };
    Ok(Some(Embedded {
        name,
        font: PdfFont::new(font),
        readings: entries.iter().map(|entry| entry.text.clone()).collect(),
        glyph_map: entries.iter().flat_map(|entry| entry.glyph.to_be_bytes()).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_stay_small() {
        let bytes: usize = FILES.iter().map(|file| file.bytes.len()).sum();
        assert!(bytes <= 2 * 1024 * 1024, "{bytes} bytes of fonts are embedded in the program");
    }

    #[test]
    fn stated_measures_are_those_of_the_files() {
        for file in &FILES {
            let parsed = ParsedFont::from_bytes(file.bytes, 0, &mut Vec::new()).unwrap();
            let stub = parsed.pdf_font_metrics;
            assert_eq!([stub.x_min, stub.y_min, stub.x_max, stub.y_max], file.bounds, "{}", file.name);
            assert_eq!(parsed.font_metrics, FontMetrics { ascent: file.ascent, descent: file.descent });
            assert_eq!(stub.us_weight_class, file.weight);
        }
    }

    #[test]
    fn every_face_measures_in_the_same_units() {
        let fonts = Fonts::load().unwrap();
        for font in &fonts.0 {
            assert_eq!(font.units_per_em(), UNITS);
        }
    }

    #[test]
    fn digits_of_the_text_faces_are_equally_wide() {
        let fonts = Fonts::load().unwrap();
        for face in &fonts.faces()[..3] {
            let widths: std::collections::BTreeSet<_> = ('0'..='9')
                .map(|c| face.shaper.glyph_h_advance(face.shaper.nominal_glyph(u32::from(c)).unwrap()))
                .collect();
            assert_eq!(widths.len(), 1);
        }
    }

    #[test]
    fn scripts_promised_are_covered() {
        let fonts = Fonts::load().unwrap();
        let faces = fonts.faces();
        for face in [Face::Regular, Face::Bold, Face::Mono] {
            for c in "AzÉżŵΆωЖъѣאתשءابپچ٣→≥−".chars() {
                assert!(face.chain().iter().any(|id| faces[*id].holds(c)), "{c} in {face:?}");
            }
        }
    }

    #[test]
    fn one_glyph_with_two_readings_has_two_codes() {
        let mut codes = Codes::default();
        let hyphen = codes.code(16, 322, "-");
        assert_eq!(codes.code(16, 322, "-"), hyphen);
        let other = codes.code(16, 322, "\u{2010}");
        assert_ne!(hyphen, other);
        assert_eq!(codes.entries[usize::from(hyphen)].glyph, codes.entries[usize::from(other)].glyph);
    }
}
