//! Old versions beside new ones, unknown ones, and a database of the first release (E11, E12).

use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::database::{TestDatabase, count};
use crate::support::{TestApp, wait_until};

/// Makes the stored `task.created` of a title another one, as another release would have written it.
fn rewrite(app: &TestApp, title: &str, version: i16, payload: &str) {
    let rewritten = format!(
        "begin; set local session_replication_role = replica;
         update bus.events set type_version = {version}, payload = {payload}
         where event_type = 'task.created' and payload ->> 'title' = '{title}'; commit"
    );
    app.conn().batch_execute(&rewritten).unwrap();
}

const NEXT_RELEASE: &str = "payload || '{\"colour\": \"green\"}'";

#[test]
fn e11_two_versions_in_one_stream_are_handled_and_an_unknown_one_is_kept_until_it_is_known() {
    let mut app = TestApp::with(|settings| settings.workers(false));
    app.expect_planted_events();
    let people = app.register_all(&[("kesha", &["developer"]), ("chief", &["manager"])]);
    let api = app.api(&people[1]);
    for title in ["Old", "New", "Unheard of", "Last"] {
        let task = json!({ "title": title, "jira_id": "POPUG-1" });
        assert_eq!(api.post("/api/v1/tasks", &task).0, 201);
    }
    rewrite(
        &app,
        "Old",
        1,
        "payload - 'jira_id' || '{\"title\": \"[POPUG-1] - Old\"}'",
    );
    rewrite(&app, "Unheard of", 9, NEXT_RELEASE);
    app.drain();
    let conn = &mut app.conn();
    let same = |module: &str, titles: &str| {
        format!(
            "tasks.tasks t join {module}.tasks c on c.id = t.id and c.title = t.title and c.jira_id = t.jira_id
             where t.title in ({titles})"
        )
    };
    for module in ["accounting", "analytics"] {
        assert_eq!(
            count(conn, &same(module, "'Old', 'New', 'Last'")),
            3,
            "{module}"
        );
        let kept = format!(
            "bus.parked_items p join bus.events e on e.event_id = p.event_id
             where e.type_version = 9 and p.state in ('retrying', 'blocked', 'dead') and p.subscriber like '{module}.%'"
        );
        assert_eq!(count(conn, &kept), 1, "{module} keeps the unknown version");
    }
    assert_eq!(count(conn, "tasks.tasks where status = 'open'"), 3);
    assert_eq!(
        count(conn, "report_v1.dead_letters where error like '%v9%'"),
        2
    );

    // The next release knows the version; it takes up by itself what this one could not read.
    rewrite(&app, "Unheard of", 2, "payload - 'colour'");
    let database = app.stop();
    let mut app = TestApp::with(|settings| settings.on(database));
    app.expect_planted_events();
    wait_until("the fourth task is priced", || {
        count(&mut app.conn(), "tasks.tasks where status = 'open'") == 4
    });
    for module in ["accounting", "analytics"] {
        let conn = &mut app.conn();
        let known = same(module, "'Unheard of'");
        wait_until("the fourth task is known", || count(conn, &known) == 1);
    }
    let waiting = "bus.parked_items where state in ('retrying', 'blocked', 'dead')";
    wait_until("nothing is parked", || count(&mut app.conn(), waiting) == 0);
}

/// What the first release left behind: people who are known to tasks, and 300 new tasks that nobody has heard of, told of in the
/// first version of `task.created`.
const FIRST_RELEASE: &str = "
    create temp table people as select n, md5('person' || n)::uuid as id, '2026-03-02 08:00+00'::timestamptz as at
      from generate_series(1, 3) n;
    create temp table seed as
      select n, md5('task' || n)::uuid as task, md5('created' || n)::uuid as created, md5('assigned' || n)::uuid as assigned,
        md5('person' || 1 + n % 3)::uuid as assignee, '2026-03-02 08:00+00'::timestamptz as at,
        case n % 4 when 0 then format('[POPUG-%s] - Fix %s', n, n) when 1 then format('[UBERPOP-%s] Fix %s', n, n)
          when 2 then format('Fix %s', n) else format('[срочно] Fix %s', n) end as old_title,
        case n % 4 when 3 then format('срочно Fix %s', n) else format('Fix %s', n) end as title,
        case n % 4 when 0 then format('POPUG-%s', n) when 1 then format('UBERPOP-%s', n) end as jira_id
      from generate_series(1, 300) n;
    insert into auth.users (id, username, email, name, surname, created_at, updated_at)
      select id, 'popug' || n, 'popug' || n || '@uberpopug.example', 'Popug', n::text, at, at from people;
    insert into auth.user_roles select id, 'developer' from people;
    insert into tasks.employees select id, 'Popug ' || n, true, true, 1 from people;
    insert into tasks.tasks (id, title, jira_id, status, assignee_id, assignment_seq, created_at, created_by, updated_at)
      select task, title, jira_id, 'saving', assignee, 1, at, assignee, at from seed order by n;
    insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id, assignee_id)
      select task, 'create', at, assignee, created, assignee from seed order by n;
    insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id, assignment_seq, assignee_id)
      select task, 'assign', at, assignee, assigned, 1, assignee from seed order by n;
    select bus.append(max(at), array_agg(event order by n), array_agg(type order by n), array_agg(1::smallint),
        array_agg(topic order by n), array_agg(producer order by n), array_agg(subject order by n), array_agg(1),
        array_agg(event order by n), array_agg(null::uuid), array_agg(null::uuid), array_agg(data order by n))
      from (
        select n - 10 as n, at, md5('joined' || n)::uuid as event, 'account.created' as type, 'account' as topic, 'auth' as producer,
          id as subject, jsonb_build_object('username', 'popug' || n, 'email', 'popug' || n || '@uberpopug.example', 'name', 'Popug',
            'surname', n::text, 'language', null, 'roles', array['developer'], 'version', 1) as data from people
        union all
        select 2 * n, at, created, 'task.created', 'task', 'tasks', task, jsonb_build_object('title', old_title,
          'assignee', assignee, 'assignment', assigned, 'created_by', assignee) from seed
        union all
        select 2 * n + 1, at, assigned, 'task.assigned', 'task', 'tasks', task, jsonb_build_object('from', null,
          'to', assignee, 'assignment_seq', 1, 'reason', 'created') from seed
      ) told;
    insert into bus.subscribers (name, position) values
      ('tasks.employees', 3), ('tasks.prices', 0), ('accounting.ledger', 0), ('analytics.projection', 0);";

#[test]
fn e12_a_database_of_the_first_release_with_undelivered_events_loses_nothing() {
    let database = TestDatabase::of_release("20261121000007");
    let mut conn = database.connect();
    conn.batch_execute(FIRST_RELEASE).unwrap();
    assert_eq!(
        count(
            &mut conn,
            "bus.events where type_version = 1 and event_type = 'task.created'"
        ),
        300
    );
    ates::platform::db::migrate(&mut conn).unwrap();
    drop(conn);

    let mut app = TestApp::with(|settings| settings.on(database));
    app.expect_planted_events();
    app.drain();
    let conn = &mut app.conn();
    assert_eq!(count(conn, "tasks.tasks where status = 'open'"), 300);
    assert_eq!(
        count(conn, "accounting.transfers where kind = 'assignment_fee'"),
        300
    );
    assert_eq!(count(conn, "bus.parked_items"), 0);
    for module in ["accounting", "analytics"] {
        let split = format!(
            "tasks.tasks t join {module}.tasks c on c.id = t.id
             where c.title = t.title and c.jira_id is not distinct from t.jira_id and c.title !~ '[][]'"
        );
        assert_eq!(count(conn, &split), 300, "{module}");
    }
}
