//! A page as a real browser shows it: Chromium, from the system's packages.

use std::fs;
use std::process::Command;

use serde_json::Value;

/// What a browser makes of the page: its own words for what it shows. The page is in a frame, because no window of a browser is as
/// narrow as a phone.
pub(crate) fn browse(page: &str, width: u32, dark: bool) -> Value {
    const LOOK: &str = r"<script>
        const words = one => one.textContent;
        const all = (what, from = document) => [...from.querySelectorAll(what)];
        const seen = {
            width: innerWidth,
            overflow: document.documentElement.scrollWidth - innerWidth,
            background: getComputedStyle(document.body).backgroundColor,
            title: document.title,
            scripts: document.scripts.length,
            rows: document.getElementById('rows')?.textContent,
            accounts: all('tr.account').map(row => all('th, td', row).map(words)),
            proofs: all('tr.proof').length,
            uses: all('svg.matrix').filter(one => one.getBoundingClientRect().width > 0).flatMap(one => all('g.use title', one).map(words)),
            split: all('svg.matrix').filter(one => one.getBoundingClientRect().width > 0).flatMap(one => all('.split title', one).map(words)),
            pictures: all('svg:not(.matrix)').filter(one => one.getBoundingClientRect().width > 0).map(one => all('.band title', one).map(words)),
            smallest: Math.min(...all('svg text').filter(one => one.getBoundingClientRect().width > 0)
                .map(one => parseFloat(getComputedStyle(one).fontSize) * one.ownerSVGElement.getBoundingClientRect().width / one.ownerSVGElement.viewBox.baseVal.width)),
            unnamed: all('table').filter(one => !one.caption).length + all('svg').filter(one => !one.querySelector('title')).length
                + all('th').filter(one => !one.scope).length,
        };
        const told = parent.document.body.appendChild(parent.document.createElement('pre'));
        told.id = 'seen';
        told.textContent = JSON.stringify(seen);
        </script>";
    let folder = tempfile::Builder::new().prefix("dbguard-browser-").tempdir().unwrap();
    let file = folder.path().join("page.html");
    // The page itself forbids scripts.
    let page = page.replacen("default-src 'none';", "", 1).replacen("</body>", &format!("{LOOK}</body>"), 1);
    let frame = format!(
        "<!doctype html><meta charset='utf-8'><meta name='color-scheme' content='light dark'><body>\
         <iframe width='{width}' height='900' style='border:0' srcdoc=\"{}\"></iframe></body>",
        page.replace('&', "&amp;").replace('"', "&quot;")
    );
    fs::write(&file, frame).unwrap();
    let mut browser = Command::new("chromium");
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
    browser.args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--dump-dom"]);
    browser.args(["--hide-scrollbars", "--window-size=1300,1000"]);
    browser.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
    if dark {
        browser.args(["--force-dark-mode", "--blink-settings=preferredColorScheme=0"]);
    }
    let run = browser.arg(format!("file://{}", file.display())).output().expect("tests/run installs chromium");
    let dom = String::from_utf8_lossy(&run.stdout).into_owned();
    let told = dom.split("<pre id=\"seen\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let told = told.unwrap_or_else(|| panic!("{dom}\n{}", String::from_utf8_lossy(&run.stderr)));
    let told = told.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"))
}
