//! The QR code of a virtual device, with the URL that authenticator apps read.

use data_encoding::BASE64;
use png::{BitDepth, ColorType, Encoder};
use qrcode::{Color, QrCode};

use crate::server::store::ACCOUNT;

/// The width of one module of the code, in pixels.
const SCALE: usize = 4;

/// The width of the white border, in modules.
const BORDER: usize = 4;

/// A PNG picture in base64 (B-MF-21); empty if the URL is too long for a QR code.
pub(crate) fn picture(name: &str, seed: &str) -> String {
    let url = format!("otpauth://totp/AWS:{name}@{ACCOUNT}?secret={seed}&issuer=AWS");
    let picture = QrCode::new(url).ok().and_then(|code| png(&code));
    picture.map(|bytes| BASE64.encode(&bytes)).unwrap_or_default()
}

fn png(code: &QrCode) -> Option<Vec<u8>> {
    let (modules, side) = (code.width(), (code.width() + 2 * BORDER) * SCALE);
    let colors = code.to_colors();
    let color = |x: usize, y: usize| {
        let (x, y) = (x.checked_sub(BORDER)?, y.checked_sub(BORDER)?);
        colors.get(y * modules + x).filter(|_| x < modules)
    };
    let pixel = |x: usize, y: usize| match color(x / SCALE, y / SCALE) {
        Some(Color::Dark) => 0,
        _ => u8::MAX,
    };
    let pixels: Vec<u8> =
        (0..side).flat_map(|y| (0..side).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)).collect();
    let mut bytes = Vec::new();
    let side = u32::try_from(side).ok()?;
    let mut encoder = Encoder::new(&mut bytes, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    encoder.write_header().ok()?.write_image_data(&pixels).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_a_png_with_dark_and_light_pixels() {
        let bytes = BASE64.decode(picture("phone", "ABCDEFGH").as_bytes()).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.width, info.height);
        assert!(pixels.contains(&0) && pixels.contains(&u8::MAX));
        // The border is light, and the corner of a QR code is dark.
        let at = |x: usize, y: usize| pixels[y * info.width as usize + x];
        assert_eq!((at(0, 0), at(BORDER * SCALE, BORDER * SCALE)), (u8::MAX, 0));
    }
}
