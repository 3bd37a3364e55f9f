//! Compares images: prints SSIMULACRA2 and Butteraugli of each pair, for benchmarks/judges.py.
//!
//! Standard input has one pair a line, the paths of two PNGs of the same size without transparency, separated by a
//! tab. The answer is a line with two numbers: SSIMULACRA2 (100 for the same image, 90 cannot be told apart, 70 is high
//! quality) and the 3-norm of Butteraugli (0 for the same image, less is better).

use std::fs::File;
use std::io::{stdin, stdout, BufRead, BufReader, Write};

use butteraugli::{butteraugli, ButteraugliParams, Img, RGB8};
use png::{ColorType, Decoder, Transformations};
use ssimulacra2::{compute_frame_ssimulacra2, ColorPrimaries, Rgb, TransferCharacteristic};

struct Image {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

fn main() {
    for line in stdin().lock().lines() {
        let line = line.expect("a line of text");
        let (expected, actual) = line.split_once('\t').expect("two paths, separated by a tab");
        let (expected, actual) = (read(expected), read(actual));
        println!("{:.4} {:.4}", similarity(&expected, &actual), distance(&expected, &actual));
        stdout().flush().expect("an open standard output");
    }
}

fn read(path: &str) -> Image {
    let mut decoder = Decoder::new(BufReader::new(File::open(path).expect(path)));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().expect(path);
    let mut bytes = vec![0; reader.output_buffer_size().expect(path)];
    let info = reader.next_frame(&mut bytes).expect(path);
    bytes.truncate(info.buffer_size());
    let pixels = match info.color_type {
        ColorType::Grayscale => bytes.iter().map(|&grey| [grey; 3]).collect(),
        ColorType::Rgb => bytes.chunks(3).map(|rgb| [rgb[0], rgb[1], rgb[2]]).collect(),
        other => panic!("{path}: {other:?} is neither grey nor RGB"),
    };
    Image { width: info.width as usize, height: info.height as usize, pixels }
}

fn similarity(expected: &Image, actual: &Image) -> f64 {
    let frame = |image: &Image| {
        let pixels = image.pixels.iter().map(|rgb| rgb.map(|code| f32::from(code) / 255.0)).collect();
        Rgb::new(pixels, image.width, image.height, TransferCharacteristic::SRGB, ColorPrimaries::BT709).expect("pixels")
    };
    compute_frame_ssimulacra2(frame(expected), frame(actual)).expect("images of the same size, at least 8 × 8")
}

fn distance(expected: &Image, actual: &Image) -> f64 {
    let image = |image: &Image| {
        let pixels: Vec<RGB8> = image.pixels.iter().map(|&[red, green, blue]| RGB8::new(red, green, blue)).collect();
        Img::new(pixels, image.width, image.height)
    };
    let params = ButteraugliParams::default();
    butteraugli(image(expected).as_ref(), image(actual).as_ref(), &params).expect("images of the same size").pnorm_3
}
