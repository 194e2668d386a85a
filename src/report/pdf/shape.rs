//! Text to glyphs: shaping with the embedded faces, each word once.

use std::{collections::BTreeMap, rc::Rc};

use harfrust::{Buffer, ClusterLevel, Direction, Feature, Script, ShapeOptions, ShapePlan, Tag};

use super::{
    PdfError,
    fonts::{Codes, Face, FaceId, Fonts, UsedFace},
};

/// A glyph in its place; lengths in `fonts::UNITS`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Glyph {
    /// Code in the document.
    pub(super) code: u16,
    /// Advance that the face gives it, by which a PDF reader moves on.
    pub(super) width: i32,
    /// Advance after kerning.
    pub(super) advance: i32,
    /// Shift to the right, without effect on what follows.
    pub(super) dx: i32,
    /// Shift upwards.
    pub(super) dy: i32,
    /// Byte in the text where its cluster starts.
    pub(super) cluster: usize,
}

/// Glyphs of a run of text in one face, from left to right.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Shaped {
    /// Glyphs.
    pub(super) glyphs: Vec<Glyph>,
    /// Sum of the advances.
    pub(super) width: i32,
}

/// Shapes text and keeps what it has shaped.
pub(super) struct Shaper<'f> {
    faces: Vec<UsedFace<'f>>,
    features: [Feature; 2],
    plans: BTreeMap<(FaceId, bool, Option<Script>), ShapePlan>,
    shaped: BTreeMap<(FaceId, bool), BTreeMap<String, Rc<Shaped>>>,
    buffer: Buffer,
}

impl<'f> Shaper<'f> {
    /// Prepares the faces.
    pub(super) fn new(fonts: &'f Fonts) -> Self {
        let mut buffer = Buffer::new();
        buffer.set_cluster_level(ClusterLevel::MonotoneCharacters);
        Self {
            faces: fonts.faces(),
            // With ligatures, `fi` would be copied out as one character.
            features: [Feature::new(Tag::new(b"liga"), 0, ..), Feature::new(Tag::new(b"clig"), 0, ..)],
            plans: BTreeMap::new(),
            shaped: BTreeMap::new(),
            buffer,
        }
    }

    /// Returns the faces with the glyphs used so far.
    pub(super) fn faces(&self) -> &[UsedFace<'f>] {
        &self.faces
    }

    /// Returns the first face of the chain that holds `c`.
    pub(super) fn face_of(&self, face: Face, c: char) -> Option<FaceId> {
        face.chain().into_iter().find(|id| self.faces[*id].holds(c))
    }

    /// Shapes `text`, all of it in one face and one direction.
    pub(super) fn shape(&mut self, face: FaceId, rtl: bool, text: &str) -> Result<Rc<Shaped>, PdfError> {
        if let Some(known) = self.shaped.get(&(face, rtl)).and_then(|words| words.get(text)) {
            return Ok(Rc::clone(known));
        }
        let shaped = Rc::new(self.shape_anew(face, rtl, text)?);
        self.shaped.entry((face, rtl)).or_default().insert(text.to_owned(), Rc::clone(&shaped));
        Ok(shaped)
    }

    fn shape_anew(&mut self, face: FaceId, rtl: bool, text: &str) -> Result<Shaped, PdfError> {
        let used = &mut self.faces[face];
        self.buffer.clear();
        self.buffer.push_str(text);
        self.buffer.guess_segment_properties();
        self.buffer.set_direction(if rtl { Direction::RightToLeft } else { Direction::LeftToRight });
        self.buffer.set_language(None);
        let (direction, script) = (self.buffer.direction(), self.buffer.script());
        let plan = self
            .plans
            .entry((face, rtl, script))
            .or_insert_with(|| ShapePlan::new(&used.shaper, direction, script, None, &self.features));
        let options = ShapeOptions::new().plan(Some(plan)).features(&self.features);
        harfrust::shape(&used.shaper, &mut self.buffer, options)
            .map_err(|source| PdfError::Shape { reason: source.to_string() })?;
        let infos = self.buffer.glyph_infos();
        let readings = readings(text, rtl, &infos.iter().map(|info| info.cluster).collect::<Vec<_>>());
        let blank = used.shaper.nominal_glyph(u32::from(' ')).map_or(0, harfrust::GlyphId::to_u32);
        let blank = u16::try_from(blank).unwrap_or_default();
        let mut glyphs = Vec::with_capacity(infos.len());
        for ((info, position), reading) in infos.iter().zip(self.buffer.glyph_positions()).zip(readings) {
            let id = harfrust::GlyphId::new(info.glyph_id);
            let width = used.shaper.glyph_h_advance(id);
            let glyph = Glyph {
                code: 0,
                width,
                advance: position.x_advance,
                dx: position.x_offset,
                dy: position.y_offset,
                cluster: info.cluster as usize,
            };
            let id = u16::try_from(info.glyph_id).unwrap_or_default();
            if rtl && reading.chars().count() > 1 {
                split(&mut used.codes, &mut glyphs, glyph, [id, blank], reading);
            } else {
                let code = used.codes.code(id, width, reading);
                glyphs.push(Glyph { code, ..glyph });
            }
        }
        let width = glyphs.iter().map(|glyph| glyph.advance).sum();
        Ok(Shaped { glyphs, width })
    }
}

/// Shares a glyph that stands for several characters of right-to-left text out among them, from left to right.
///
/// Readers disagree on the order of characters within one such glyph. So the glyph stands for the last character
/// only, and blanks in the right part of its width for those before.
fn split(codes: &mut Codes, glyphs: &mut Vec<Glyph>, glyph: Glyph, [id, blank]: [u16; 2], reading: &str) {
    let mut chars: Vec<char> = reading.chars().collect();
    let last = chars.pop().map(String::from).unwrap_or_default();
    let count = i32::try_from(chars.len() + 1).unwrap_or(i32::MAX);
    let part = glyph.width / count;
    let first = glyph.width - part * (count - 1);
    let code = codes.code(id, first, &last);
    glyphs.push(Glyph { code, width: first, advance: first + glyph.advance - glyph.width, ..glyph });
    for c in chars.into_iter().rev() {
        let code = codes.code(blank, part, c.encode_utf8(&mut [0; 4]));
        glyphs.push(Glyph { code, width: part, advance: part, dx: 0, dy: 0, cluster: glyph.cluster });
    }
}

/// Returns what each glyph stands for: together, every character once.
fn readings<'t>(text: &'t str, rtl: bool, clusters: &[u32]) -> Vec<&'t str> {
    let mut readings = vec![""; clusters.len()];
    let mut from = 0;
    while from < clusters.len() {
        let cluster = clusters[from];
        let to = from + clusters[from..].iter().take_while(|other| **other == cluster).count();
        // Clusters rise from left to right in left-to-right text, and fall in right-to-left text.
        let next = if rtl { from.checked_sub(1).map(|i| clusters[i]) } else { clusters.get(to).copied() };
        let end = next.map_or(text.len(), |next| next as usize);
        let part = text.get(cluster as usize..end).unwrap_or_default();
        if part.chars().count() == to - from {
            let mut chars = part.char_indices();
            for step in 0..to - from {
                let (at, c) = chars.next().expect("as many characters as glyphs");
                let glyph = if rtl { to - 1 - step } else { from + step };
                readings[glyph] = &part[at..at + c.len_utf8()];
            }
        } else {
            readings[if rtl { to - 1 } else { from }] = part;
        }
        from = to;
    }
    readings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_read_once() {
        assert_eq!(readings("abc", false, &[0, 1, 2]), ["a", "b", "c"]);
        assert_eq!(readings("abc", true, &[2, 1, 0]), ["c", "b", "a"]);
        // Two characters make one glyph.
        assert_eq!(readings("abc", false, &[0, 2]), ["ab", "c"]);
        assert_eq!(readings("abc", true, &[2, 0]), ["c", "ab"]);
        // One character makes two glyphs.
        assert_eq!(readings("ab", false, &[0, 0, 1]), ["a", "", "b"]);
        // A cluster of two characters and two glyphs.
        assert_eq!(readings("abc", true, &[2, 0, 0]), ["c", "b", "a"]);
    }

    #[test]
    fn words_are_shaped_once() {
        let fonts = Fonts::load().unwrap();
        let mut shaper = Shaper::new(&fonts);
        let first = shaper.shape(0, false, "approved").unwrap();
        let second = shaper.shape(0, false, "approved").unwrap();
        assert!(Rc::ptr_eq(&first, &second));
        assert_eq!(first.glyphs.len(), 8);
    }

    #[test]
    fn letters_that_could_join_stay_apart() {
        let fonts = Fonts::load().unwrap();
        let mut shaper = Shaper::new(&fonts);
        assert_eq!(shaper.shape(0, false, "office").unwrap().glyphs.len(), 6);
    }

    #[test]
    fn an_arabic_ligature_is_read_in_single_characters() {
        let fonts = Fonts::load().unwrap();
        let mut shaper = Shaper::new(&fonts);
        // Lam and alef make one glyph: two codes share its width.
        let shaped = shaper.shape(5, true, "لا").unwrap();
        assert_eq!(shaped.glyphs.len(), 2);
        let widths: i32 = shaped.glyphs.iter().map(|glyph| glyph.width).sum();
        assert_eq!(widths, shaped.width);
    }

    #[test]
    fn right_to_left_text_comes_out_in_visual_order() {
        let fonts = Fonts::load().unwrap();
        let mut shaper = Shaper::new(&fonts);
        let shaped = shaper.shape(3, true, "אב").unwrap();
        assert_eq!(shaped.glyphs.iter().map(|glyph| glyph.cluster).collect::<Vec<_>>(), [2, 0]);
    }
}
