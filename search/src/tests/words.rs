//! Finding products by words: stems, accents, several words, typing errors, SKUs, suggestions.

use super::{
    super::{SearchError, SearchRequest, Sort, SuggestionKind},
    shop::{Shop, created, ids, spec, text, with},
};
use daybook_domain::product::AttributeValue;

fn shop(dir: &tempfile::TempDir) -> Shop {
    let mut shop = Shop::open(dir.path());
    let lantern = spec("85123A", "White hanging heart T-light holder", "", &["Home", "Lighting"], 255);
    let mut mug = spec("M-1", "Enamel mugs", "Falcon", &["Home", "Kitchen"], 700);
    mug.description = "Set of two, for coffee. Not for the notebook.".to_owned();
    let cafe = spec("C-1", "Café crème jug", "Crème & Co", &["Home", "Kitchen"], 1500);
    let laptop = spec("N-1", "Ultra notebook 15.6\" silver", "HP", &["Office"], 99900);
    let laptop = with(laptop, "processor", text("Ryzen hexacore"));
    let other = spec("N-2", "Gaming notebook black", "Lenovo", &["Office"], 129900);
    shop.record([
        created("85123A", lantern),
        created("M-1", mug),
        created("C-1", cafe),
        created("N-1", laptop),
        created("N-2", other),
    ]);
    shop
}

#[test]
fn words_are_found_whatever_their_form() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(&dir);
    assert_eq!(shop.ids("mug"), ["M-1"]);
    assert_eq!(shop.ids("HEARTS"), ["85123A"]);
    assert_eq!(shop.ids("cafe creme"), ["C-1"]);
    assert_eq!(shop.ids("café"), ["C-1"]);
    assert_eq!(shop.ids("hexacore"), ["N-1"]);
}

#[test]
fn the_title_weighs_more_than_the_description() {
    let dir = tempfile::tempdir().unwrap();
    let found = shop(&dir).ids("notebook");
    assert_eq!(found.len(), 3);
    assert_eq!(found[2], "M-1");
}

#[test]
fn products_with_all_words_come_first_then_those_with_most_then_any() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(&dir);
    let page = shop.find("the silver notebook");
    assert_eq!(
        (ids(&page), page.matched.all_words),
        (["N-1", "N-2", "M-1"].map(str::to_owned).to_vec(), true)
    );
    let page = shop.find("silver gaming notebook");
    assert!(!page.matched.all_words);
    assert_eq!(page.total.value, 3);
    assert_eq!(ids(&page)[2], "M-1");
}

#[test]
fn one_product_with_all_words_does_not_hide_those_with_most() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    let mut television = spec("TV", "Television", "", &[], 100);
    television.description = "A smart one that you watch. ".repeat(9);
    shop.record([created("TV", television)]);
    let watch = |number: usize| format!("W-{number}");
    shop.record(
        (0..12).map(|number| created(&watch(number), spec(&watch(number), "Smartwatch watch", "", &[], 100))),
    );
    let found = shop.ids("smart watch");
    assert_eq!((found.len(), found[0].as_str()), (13, "TV"));
}

#[test]
fn an_order_that_is_not_by_relevance_begins_with_products_that_have_all_words() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(&dir);
    for sort in [Sort::PriceAsc, Sort::PriceDesc, Sort::Newest, Sort::Name] {
        let wish = SearchRequest {
            q: "silver notebook".to_owned(),
            currency: "GBP".parse().ok(),
            sort,
            ..Default::default()
        };
        assert_eq!(ids(&shop.search(&wish).unwrap()), ["N-1"], "{sort:?}");
    }
}

#[test]
fn what_something_goes_with_is_not_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = shop(&dir);
    let case =
        with(spec("B-1", "Padded case", "", &[], 100), "compatibility", text(&"notebook 15, ".repeat(49)));
    shop.record([created("B-1", case)]);
    let found = shop.ids("notebook");
    assert_eq!((found.len(), found[3].as_str()), (4, "B-1"));
}

#[test]
fn numbers_and_flags_of_attributes_are_words() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = shop(&dir);
    let lamp = with(spec("L-1", "Lamp", "", &[], 100), "lumen", AttributeValue::Integer(806));
    let lamp = with(lamp, "screen_size", AttributeValue::Number(15.6));
    let lamp = with(lamp, "night_vision", AttributeValue::Flag(true));
    let lamp = with(lamp, "waterproof", AttributeValue::Flag(false));
    shop.record([created("L-1", lamp)]);
    for (typed, found) in [
        ("806", true),
        ("lamp 806", true),
        ("lamp 15.6", true),
        ("night vision", true),
        ("waterproof", false),
    ] {
        assert_eq!(shop.ids(typed).contains(&"L-1".to_owned()), found, "{typed}");
    }
}

#[test]
fn typing_errors_are_forgiven_only_where_nothing_is_called_so() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(&dir);
    let page = shop.find("notebok");
    assert_eq!(page.total.value, 3);
    assert_eq!(page.matched.corrections[0].taken_for, ["notebook"]);
    assert_eq!(shop.ids("haert"), ["85123A"]);
    assert_eq!(shop.ids("note"), shop.ids("notebook"));
    assert!(shop.ids("xqzwv").is_empty());
    assert!(shop.find("mug").matched.corrections.is_empty());
}

#[test]
fn a_sku_typed_in_any_case_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = shop(&dir);
    let about = spec("X-1", "85123a 85123a spare part 85123a", "", &[], 100);
    shop.record([created("X-1", about)]);
    assert_eq!(shop.ids("85123a")[0], "85123A");
}

#[test]
fn odd_queries_are_only_words() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(&dir);
    for q in
        ["\"unclosed (AND OR NOT ^~*:", "title:mug^9", "*", "???", "\u{0}\u{1}", "a", "🦀 ☃", "../../etc"]
    {
        shop.search(&SearchRequest { q: q.to_owned(), ..Default::default() }).unwrap();
    }
    assert!(shop.ids("???").is_empty());
    let many = SearchRequest { q: "w ".repeat(33), ..Default::default() };
    assert_eq!(shop.search(&many), Err(SearchError::TooManyTerms { terms: 33, max: 32 }));
}

#[test]
fn suggestions_complete_brands_and_words_by_frequency() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(&dir);
    let suggest = |typed: &str| {
        let all = shop.projection.index().suggest(typed, 5).unwrap();
        all.iter().map(|one| one.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(suggest("note")[0], "notebook");
    assert_eq!(suggest("creme")[0], "Crème & Co");
    assert_eq!(suggest("gaming not"), ["gaming notebook"]);
    assert_eq!(suggest("enamel "), ["enamel mugs"]);
    assert!(suggest("zzz").is_empty() && suggest("").is_empty());
    let brand = shop.projection.index().suggest("Falc", 5).unwrap()[0].clone();
    assert_eq!((brand.kind, brand.count), (SuggestionKind::Brand, 1));
}

#[test]
fn what_is_written_together_apart_or_with_hyphens_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    let titles = [
        "Hanging T-light holder",
        "Gift wrap, roses",
        "Lunchbox, blue",
        "Wi-Fi repeater",
        "Memory 32 GB",
        "Stick 64GB",
        "Blu-ray player",
        "TP-Link switch",
        "Headphones WH-1000XM3",
        "Cat 6 patch cord",
    ];
    shop.record(titles.iter().enumerate().map(|(number, title)| {
        let name = format!("P{number}");
        created(&name, spec(&name, title, "", &[], 100))
    }));
    for (typed, number) in [
        ("tlight", 0),
        ("t-light", 0),
        ("t light", 0),
        ("giftwrap", 1),
        ("gift-wrap", 1),
        ("lunch box", 2),
        ("lunch-box", 2),
        ("wifi", 3),
        ("wi fi", 3),
        ("32gb", 4),
        ("64 gb", 5),
        ("bluray", 6),
        ("blu ray", 6),
        ("tplink", 7),
        ("wh1000xm3", 8),
        ("wh 1000xm3", 8),
        ("wh-1000xm", 8),
        ("cat6", 9),
    ] {
        assert_eq!(shop.ids(typed).first(), Some(&format!("P{number}")), "{typed}");
    }
}

#[test]
fn a_letter_wrong_anywhere_in_a_word_is_forgiven_and_none_in_a_code() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    let product = |name: &str, title: &str| created(name, spec(name, title, "", &[], 100));
    let titles =
        [("A", "Battery charger"), ("B", "Qwerty keyboard"), ("C", "Hanging files"), ("D", "Toner TN2120")];
    shop.record(titles.map(|(name, title)| product(name, title)));
    shop.record((0..24).map(|number| product(&format!("S{number}"), "Strawberry jam")));
    shop.record([product("S-wrong", "Strawbery jam")]);
    for (typed, id) in [
        ("batteyr", "A"),
        ("abttery", "A"),
        ("vattery", "A"),
        ("qweryt", "B"),
        ("wqerty", "B"),
        ("filess", "C"),
        ("ahnging", "C"),
    ] {
        assert_eq!(shop.ids(typed), [id], "{typed}");
    }
    assert_eq!(shop.find("strawbery").total.value, 25);
    assert_eq!(shop.ids("strawbery")[0], "S-wrong");
    assert!(shop.ids("tn2110").is_empty());
}

#[test]
fn a_barcode_is_found_in_every_length() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    let mut toner = spec("T", "Toner", "", &[], 100);
    toner.variants[0].barcodes = vec!["0095205603217".to_owned()];
    shop.record([created("T", toner), created("U", spec("U", "Other", "", &[], 100))]);
    for typed in ["0095205603217", "095205603217", "00095205603217"] {
        assert_eq!(shop.ids(typed), ["T"], "{typed}");
    }
}

#[test]
fn text_is_found_in_any_spelling_of_unicode_and_without_gaps() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    let titles = [
        "Cre\u{301}me jug",
        "ＵＳＢ cable",
        "İstanbul lamp",
        "Straße sign",
        "苹果手机保护壳",
        "ガラスのコップ",
        "무선이어폰 블루투스",
        "เคสโทรศัพท์มือถือ",
    ];
    shop.record(titles.iter().enumerate().map(|(number, title)| {
        let name = format!("P{number}");
        created(&name, spec(&name, title, "", &[], 100))
    }));
    for (typed, number) in [
        ("crème", 0),
        ("creme", 0),
        ("cre\u{301}me", 0),
        ("usb", 1),
        ("ｕｓｂ", 1),
        ("istanbul", 2),
        ("İSTANBUL", 2),
        ("strasse", 3),
        ("STRASSE", 3),
        ("手机", 4),
        ("保护壳", 4),
        ("ｶﾞﾗｽ", 5),
        ("コップ", 5),
        ("이어폰", 6),
        ("블루투스", 6),
        ("โทรศัพท์", 7),
        ("มือถือ", 7),
    ] {
        assert_eq!(shop.ids(typed).first(), Some(&format!("P{number}")), "{typed}");
    }
}
