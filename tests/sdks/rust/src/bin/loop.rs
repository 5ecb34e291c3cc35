//! Sends GetUser in a loop, for `tests/bench`: `loop URL REQUESTS CONCURRENCY`. Prints the requests per second.

use std::time::Instant;

use aws_sdk_iam::{Client, Config};
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, requests, concurrency] = arguments.as_slice() else {
        return Err("usage: loop URL REQUESTS CONCURRENCY".into());
    };
    let (requests, concurrency): (usize, usize) = (requests.parse()?, concurrency.parse()?);
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
    let send = move |client: Client, times: usize| async move {
        for _ in 0..times {
            client.get_user().user_name("alice").send().await.expect("alice exists");
        }
    };
    runtime.block_on(send(client.clone(), 50));
    let start = Instant::now();
    runtime.block_on(async {
        let all =
            (0..concurrency).map(|_| tokio::spawn(send(client.clone(), requests / concurrency)));
        for one in all.collect::<Vec<_>>() {
            one.await.expect("the task does not panic");
        }
    });
    println!("{:.0}", requests as f64 / start.elapsed().as_secs_f64());
    Ok(())
}
