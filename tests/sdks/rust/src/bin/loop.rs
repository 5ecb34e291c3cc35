//! Asks for one user again and again, for `tests/bench`: `loop URL REQUESTS AT_ONCE`. Prints requests a second.

use std::time::Instant;

use aws_sdk_iam::{Client, Config};
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, requests, at_once] = words.as_slice() else {
        return Err("loop URL REQUESTS AT_ONCE".into());
    };
    let (requests, at_once): (usize, usize) = (requests.parse()?, at_once.parse()?);
    let key = Credentials::new(
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        None,
        None,
        "loop",
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::new("us-east-1"))
        .credentials_provider(key)
        .build();
    let client = Client::from_conf(config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ask = move |client: Client, times: usize| async move {
        for _ in 0..times {
            client.get_user().user_name("alice").send().await.expect("alice is there");
        }
    };
    runtime.block_on(ask(client.clone(), 50));
    let begun = Instant::now();
    runtime.block_on(async {
        let all = (0..at_once).map(|_| tokio::spawn(ask(client.clone(), requests / at_once)));
        for one in all.collect::<Vec<_>>() {
            one.await.expect("it goes on");
        }
    });
    println!("{:.0}", requests as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}
