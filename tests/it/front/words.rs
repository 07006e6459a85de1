//! The words for statuses (T32).

use serde_json::json;

use crate::support::TestApp;
use crate::support::database::text;

#[test]
fn t32_a_setting_switches_the_words_for_statuses_everywhere_and_not_the_data() {
    let app = TestApp::with(|settings| settings.set("ATES_STATUS_WORDS", "birds"));
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    let (kesha, lev) = (app.api(&people[0]), &people[1]);
    let mut ids = Vec::new();
    for title in ["Sing", "Fly"] {
        let (status, task) = kesha.post("/api/v1/tasks", &json!({ "title": title }));
        assert_eq!(status, 201, "{task}");
        app.drain();
        ids.push(task["uid"].as_str().unwrap().to_owned());
    }
    let path = format!("/api/v1/tasks/{}/complete", ids[1]);
    assert_eq!(kesha.post(&path, &json!({})).0, 200);

    for (language, open, done) in [
        ("en", "bird in the cage", "millet in the bowl"),
        ("ru", "птичка в клетке", "просо в миске"),
    ] {
        let mut browser = app.log_in(&people[0]).speaking(language);
        let page = browser.get("/tasks");
        assert!(page.text().contains(open), "{}", page.text());
        assert!(page.text().contains(done), "{}", page.text());
        let page = browser.get(&format!("/tasks/{}", ids[1]));
        assert_eq!(page.all("#status"), [done]);
        let mut manager = app.log_in(lev).speaking(language);
        let page = manager.get("/tasks/all");
        for word in [open, done] {
            assert!(
                page.all("td .chip").iter().any(|chip| chip == word),
                "{word}"
            );
            assert!(
                page.all("option").iter().any(|option| option == word),
                "{word}"
            );
        }
        let file = manager.get("/tasks/all.csv").html;
        assert!(file.contains(open) && file.contains(done), "{file}");
        let rows = manager.get("/search/palette?q=Sing").html;
        assert!(rows.contains(open), "{rows}");
        app.clock().advance(chrono::Duration::seconds(1));
    }

    let (_, task) = kesha.get(&format!("/api/v1/tasks/{}", ids[0]));
    assert_eq!(task["status"], "open", "the API has names of its own");
    let stored = text(
        &mut app.conn(),
        "select string_agg(status, ' ' order by status) as t from tasks.tasks",
    );
    assert_eq!(stored, "done open");
    let query = app.log_in(lev).get("/tasks/all?status=open");
    assert_eq!(query.status, 200, "addresses stay as they are");
}
