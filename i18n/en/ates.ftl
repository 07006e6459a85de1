### Everything people read. The same ids stand in ru/ates.ftl; a test compares the two files.

## The frame of every page

skip-to-content = Skip to the content
section-navigation = Admin section
main-navigation = Main
language = Language
theme = Theme
theme-auto = As the system
theme-light = Light
theme-dark = Dark
preferences = Language and theme
profile = My profile
log-out = Log out
demo-notice = Demo: the company, its people and its money are made up.
zone-notice = Times are those of { $zone }.
home = Home

## Forms

error-summary-title = { $count ->
    [one] There is a problem
   *[other] There are { $count } problems
}
error-prefix = Error:

## Lists

pager = Pages of the list
newer = Newer
older = Older
first-page = First page
filter = Filter
none-found-title = Nothing matches
none-found-text = Nothing in this list fits the filter. Take a part of it away, or clear it.
filters-on = Filters that are on
filter-remove = Without the filter:
rows-shown = Rows at once:
clear-filter = Clear the filter
default-filter-keep = Make this my default
default-filter-on = This is your default.
default-filter-show = Show my default
default-filter-forget = Forget my default
default-filter-forget-of = Forget my default for { $list }
list-shown = { $from }–{ $to } of { $all }
list-shown-over = { $from }–{ $to } of more than { $bound }
download-csv = Download as CSV
download-xlsx = Download as XLSX
download-hledger = Journal for hledger
download-beancount = Journal for beancount
xlsx-about = About
xlsx-what = What this is
xlsx-times = UTC

## Parts of pages

part-unavailable = { $what }: unavailable right now. The rest of the page is complete.
part-figure-unavailable = unavailable right now
account-titles = Titles of the tasks
company-agreement = Whether the books agree
company-figures = The company's figures
purse-title = Your money
purse-balance = Balance
purse-open = Open
    .birds = In the cage
purse-earned-today = Today

## Errors: headings

error-title-bad-request = This request makes no sense
error-title-unauthenticated = Please log in
error-title-forbidden = Not allowed
error-title-not-found = Nothing here
error-title-conflict = It has changed in the meantime
error-title-gone = Not kept any more
error-title-invalid-input = Something is not right
error-title-too-many-requests = Too many requests
error-title-internal = Something broke on our side
error-title-unavailable = Not available right now

## Errors: what to do

error-bad-request = The server could not read the request. Go back and try again.
error-unauthenticated = Log in to go on.
error-forbidden = Your roles do not include this. If they should, ask an administrator.
error-not-found = There is no such page, or it is not yours to see. Check the address or go home.
error-method-not-allowed = This address does not take requests of this kind.
error-invalid-input = Correct the fields named below and send it again.
error-too-slow = The request took too long to arrive. Try again.
error-too-large = What was sent is too large.
error-unsupported-media-type = The server does not read bodies of this type.
error-too-many-requests = That was too often. Wait a little and try again.
error-unavailable = The system cannot do this right now. Nothing was changed; try again soon.
error-internal = The fault is ours and is written down. Try again; if it stays, tell an administrator the request number.
error-overloaded = More people are asking right now than can be served. Nothing was changed; try again in a few seconds.
error-database-away = The database does not answer right now. Nothing was changed; try again in a few seconds.
error-title-read-only = Only for reading right now
error-read-only = The main database is away, so nothing can be changed right now; pages show what the copy has. Nothing was changed. Try again in a few minutes.
error-read-only-process = This address only shows. Make the change at the company's usual address.
error-standby-behind = The copy of the database is too far behind to say who may see what. Try again in a few seconds.
error-database-silent = The database did not answer in time. Look whether it was done before you try again.
banner-read-only = The main database is away. You can look at everything, as of a moment ago; changes are refused until it is back.
banner-read-only-process = This address only shows: changes are made at the company's usual address.
error-https-required = This site is reached over https only. What you have sent went over an open line; if a password was in it, change it.
error-auth-away = Authorization is unavailable right now: nobody can log in, and nothing about accounts can be changed. Try again in a few minutes.
error-in-flight = The same request is still under way. Ask again in a moment.
field-idempotency-key = Use 1 to 255 visible ASCII characters without spaces.
field-idempotency-key-reused = This key was used for another body. Use a new key for a new request.
error-address-by-script = The token of a script cannot change the address. Log in yourself.
error-form-expired = The form is too old, or your session has changed since it was opened. Open the page again and send the form once more.
error-form-already-sent = This form was sent already and is still being worked on. Look at the list before you send it again.
error-cross-site = This request did not come from a page of aTES, so it was not carried out.
error-try-again-in = Try again in { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
}.
error-tokens-of-services-only = Everyone makes their own tokens; you can make those of services only
flash-session-ended = You are not logged in any more, so nothing was sent. Log in and do it again.
error-request-number = Request number
copy-link = Copy the link
copy-text = Copy
copied = Copied.

## Errors in fields

field-required = This is needed
field-not-understood = This is unknown, missing or not of the right kind
field-sort-unknown = There is no such order: “sort” in the address names no column of this list
field-whole-units = Enter a whole number without a sign, such as 25
field-sort-too-many = So many tasks are not ordered by price: choose open ones, a person, or at most 31 dates of creation first
field-control-characters = Control characters are not allowed
field-wait = The wait is a number of seconds from 0 to 25
field-seq = This is no number of the log
field-limit = The limit is a number from 1 to 100
field-cursor = This is not a position in this list

### tasks

nav-my-tasks = My tasks
nav-all-tasks = All tasks
nav-shuffles = Shuffles

task-status-saving = Saving…
task-status-open = open
    .birds = bird in the cage
task-status-done = done
    .birds = millet in the bowl

## My tasks

tasks-mine-title = My tasks
tasks-open-count = { $count } open
    .birds = birds in the cage: { $count }
tasks-new = New task
tasks-not-for-your-role = With your role you get no tasks: they go to everyone but managers and administrators.
tasks-tab-open = To do
    .birds = Birds in the cage
tasks-tab-done = Done
    .birds = Millet in the bowl
tasks-none-title = Nothing to do
tasks-none-text = When somebody creates a task or shuffles, some may be yours. Until then: enjoy the perch.
tasks-none-done-title = Nothing done yet
tasks-none-done-text = Tasks that you complete are listed here, with what they earned you.
tasks-caption-mine = What is to be done, the newest first
tasks-caption-done = What you have done, the newest task first
tasks-done-today = Done today
    .birds = Millet in the bowl today
tasks-caption-done-today = What you have done today, the latest first
tasks-task = Task
tasks-status = Status
tasks-fee = Fee charged
tasks-reward = Reward
tasks-credited = Credited
tasks-completed = Completed
tasks-action = Action
tasks-complete = Complete
flash-task-completed = Done: { $title }. You earned { $reward }.
flash-see-account = See your account

## A new task, and changing one

tasks-new-title = New task
tasks-new-lead = Chance decides who gets it. The price is set by itself.
tasks-edit-title = Change the task
tasks-field-title = Title
tasks-field-title-hint = 1 to 200 characters, without square brackets
tasks-field-jira-id = Jira id (optional)
tasks-field-jira-id-hint = For example UBERPOP-42
tasks-field-description = Description
tasks-field-description-hint = Optional, up to 10,000 characters
tasks-create = Create
tasks-save = Save
tasks-cancel = Cancel
flash-task-created = Created: { $title }. It went to { $name }.
flash-one-more-task = One more
flash-task-changed = The task is changed.
field-title-empty = Give the task a title
field-title-too-long = The title has more than 200 characters
field-title-brackets = No square brackets in the title: a jira id has a field of its own
field-jira-id-form = A jira id looks like UBERPOP-42
field-description-too-long = The description has more than 10,000 characters
field-task-status = The status is saving, open or done
error-nobody-eligible = There is nobody who could get a task: everyone is a manager or an administrator. Add somebody first.
error-task-reassigned = You did not make it before the reassign — sorry. The task is somebody else's now.
error-task-done = This task is done already, and done is final.
error-task-saving = This task is still being saved: it has no price yet. Try again in a moment.
error-task-changed = The task changed at this very moment. Look at it and try again.

## One task

tasks-facts = About the task
tasks-edit = Change
tasks-assignee = Assignee
tasks-author = Created by
tasks-created = Created
tasks-changed = Changed
tasks-uid = Id
tasks-number = Number
tasks-jira-id = Jira id
tasks-price-later = when it is saved
journal-title = What happened
journal-created = { $actor } created the task
journal-assigned = It went to { $to }
journal-reassigned = { $from } can have no tasks any more: it went to { $to }
journal-shuffled = Shuffle { $run } by { $actor }: from { $from } to { $to }
journal-completed = { $actor } completed it
journal-opened = Priced and saved
journal-ledger = In the ledger
journal-edited = { $actor } changed { $fields }
journal-field-title = the title
journal-field-jira-id = the jira id
journal-field-description = the description

## All tasks

tasks-all-title = All tasks
tasks-shuffle-button = { $count ->
    [one] Shuffle { $count } open task
   *[other] Shuffle { $count } open tasks
}
tasks-filter-text = Title, jira id or number
tasks-filter-any = Any
tasks-filter-anyone = Anyone
tasks-caption-all = Tasks and who has them, the newest first
tasks-caption-all-oldest = Tasks and who has them, the oldest first
tasks-caption-all-fee-down = Tasks and who has them, the highest fee first
tasks-caption-all-fee-up = Tasks and who has them, the lowest fee first
tasks-caption-all-reward-down = Tasks and who has them, the highest reward first
tasks-caption-all-reward-up = Tasks and who has them, the lowest reward first
tasks-created-from = Created from
tasks-created-to = Created to
tasks-reward-from = Reward from
tasks-reward-to = Reward to
tasks-fee-from = Fee from
tasks-fee-to = Fee to
tasks-assigned-from = Assigned from
tasks-assigned-to = Assigned to
tasks-filter-more = Dates and prices
tasks-chip-created = created { $from } to { $to }
tasks-chip-reward-from = reward from { $amount }
tasks-chip-reward-to = reward to { $amount }
tasks-chip-assigned = assigned { $from } to { $to }
tasks-chip-fee-from = fee from { $amount }
tasks-chip-fee-to = fee to { $amount }
tasks-all-none-title = No tasks yet
tasks-all-none-text = Create the first one, or bring them in from a file.
tasks-loads = Open tasks by assignee
tasks-loads-open = Open tasks
    .birds = Birds in the cage
tasks-caption-loads = How many open tasks everyone has: chance knows no quota

## Shuffles

shuffles-title = Shuffles
shuffles-caption = Presses of the shuffle, the latest first
shuffles-none-title = Never shuffled
shuffles-none-text = A shuffle gives every open task to somebody by chance.
shuffle-new = Shuffle
shuffle-new-title = Shuffle the open tasks
shuffle-title = Shuffle { $number }
shuffle-number = Shuffle
shuffle-tasks = { $tasks ->
    [one] { $tasks } open task goes
   *[other] { $tasks } open tasks go
} to somebody by chance,
shuffle-people = among { $people ->
    [one] { $people } employee
   *[other] { $people } employees
}: everyone but managers and administrators.
shuffle-expected = In all { $min } to { $max } will be charged.
shuffle-consequence = Each assignment is charged the task's fee of { $min } to { $max }, even if the task stays where it is. This cannot be undone.
shuffle-nothing-open = There are no open tasks: nothing to shuffle.
shuffle-last = The last one:
shuffle-waiting = { $count ->
    [one] { $count } shuffle waits before this one.
   *[other] { $count } shuffles wait before this one.
}
shuffle-state-queued = waiting
shuffle-state-running = running
shuffle-state-done = finished
shuffle-progress = Progress
shuffle-done-of = { $done } of { $total } tasks
shuffle-moved = Tasks
shuffle-tally = { $done } / { $total }
shuffle-not-moved = { $count ->
    [one] { $count } task was completed in the meantime, or nobody could get it.
   *[other] { $count } tasks were completed in the meantime, or nobody could get them.
}
shuffle-pressed-by = Pressed by
shuffle-pressed-at = Pressed
shuffle-finished-at = Finished
shuffle-pace = { $rate ->
    [one] { $rate } task
   *[other] { $rate } tasks
} a second, about { $seconds ->
    [one] { $seconds } second to go
   *[other] { $seconds } seconds to go
}
shuffle-pace-slow = { $rate ->
    [0] less than a task
    [one] { $rate } task
   *[other] { $rate } tasks
} a minute, about { $minutes ->
    [one] { $minutes } minute to go
   *[other] { $minutes } minutes to go
}
shuffle-fair-title = Was it fair?
shuffle-fair-commitment = Who gets which task follows from a secret number, the seed, which was drawn at the press. Its commitment (SHA-256) is shown from the press on, and the seed itself at the end: so nobody could know the draw before, and nobody could choose another seed after.
shuffle-commitment = Commitment
shuffle-seed = Seed
shuffle-seed-secret = secret until the end
shuffle-fair-how = To check a task by hand: take SHA-256 of the seed's 32 bytes followed by the 16 bytes of the task's uid; read its first 8 bytes as a whole number, the highest byte first; multiply it by the number of people in the list, and divide by 2^64 without the remainder. The result is the place in the list, counted from 0, of whoever gets the task.
shuffle-fair-command = The operator draws all of it anew with
shuffle-draw-file = All assignments (CSV)
shuffle-people-file = Who could be drawn (CSV)
shuffle-shares = Who got how many
shuffle-shares-caption = Tasks of this shuffle by employee, the most first
shuffle-shares-more = The first { $count } people; the file of assignments has all.
shuffle-list = List
shuffle-place = Place
shuffle-task-uid = Task uid
shuffle-from-uid = From uid
shuffle-to-uid = To uid
shuffle-person-uid = Employee uid
error-shuffle-not-finished = This shuffle is not finished yet; its seed is secret until then.
live-lost = The connection is lost; trying again.
shuffle-state-stalled = stalled
shuffle-stalled = Nothing has moved since { $at }. It goes on by itself when the background work runs again; in the admin section an administrator sees what is wrong.
shuffle-state-stopped = stopped
shuffle-stopped = The emergency stop holds it up. It goes on by itself when an administrator releases the stop.
error-feed-full = Too many readers wait for events at this moment. Try again in a few seconds.
error-feed-gone = Events up to number { $before } are not kept any more. Ask with { $ask } or more, and take what is missing from a backup.
error-live-full = Too many pages are kept up to date at this moment. Read this one again in a few seconds.
error-shuffle-queue-full = Too many shuffles wait already. Try again when some are done.
limit-creations-per-day = Nobody may create more than { $limit } tasks a day. You can create the next one from { $at }.
limit-completion-age = A task cannot be completed before it is { $seconds } seconds old. This one can from { $at }.
limit-presses-per-day = Nobody may shuffle more than { $limit } times a day. You can press again from { $at }.
# analytics

nav-analytics = Analytics
analytics-title = Analytics
analytics-earned-today = Earned today
analytics-earned-week = Earned in the last 7 days
analytics-in-minus = In the minus now
analytics-dearest = Dearest closed task
analytics-dearest-today = Today
analytics-dearest-week = This week
analytics-dearest-month = This month
analytics-no-closed-tasks = No closed tasks
analytics-range = Range of days
analytics-from = From
analytics-to = To
analytics-of-month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
analytics-by-day = Earnings by day
analytics-by-day-caption = Fees charged at assignments less rewards for completions, every day of the range above, newest first
analytics-day = Day
analytics-fees = Fees
analytics-rewards = Rewards
analytics-earned = Earned
analytics-in-minus-at-close = In the minus at the close
analytics-not-closed = not closed
analytics-not-begun = nothing yet
analytics-nobody-in-minus = Nobody is in the minus
analytics-nobody-in-minus-text = Every balance is zero or above.
analytics-debtors-caption = { $count ->
    [one] { $count } person has a balance below zero, the deepest first
   *[other] { $count } people have a balance below zero, the deepest first
}
analytics-more-debtors = { $count ->
    [one] And { $count } more.
   *[other] And { $count } more.
}
analytics-all-debtors = All of them
analytics-employee = Employee
analytics-balance = Balance
analytics-share = { $share } % of { $people }
analytics-dearest-tile = Dearest task closed today
analytics-dearest-range = Dearest closed task of each day of the range
analytics-minus-by-day = People in the minus at the close of each day
analytics-no-closed-days = No day of the range is closed yet.
analytics-as-of = As of { $at }
analytics-behind = Behind: what happened since { $at } is still missing
analytics-age-unknown = How old the figures are is not known right now
analytics-error-range-too-long = That is too long to look at: ask for at most 366 days
chart-table = The figures as a table
chart-trend-money = { $from } to { $to }: { $total } in all; most on { $highest-day }, { $highest }, and least on { $lowest-day }, { $lowest }.
chart-trend-count = { $from } to { $to }: most on { $highest-day }, { $highest }, and fewest on { $lowest-day }, { $lowest }.
total-of-days = { $count ->
    [one] Total of the { $count } day shown
   *[other] Total of the { $count } days shown
}
analytics-error-period = The period is day, week or month
analytics-error-period-and-range = Give either a period or two dates

# operations

nav-modules = Modules
nav-checks = Checks
modules-title = Modules
modules-subscribers = Subscribers
modules-subscribers-caption = Who hears events, and how far each has come
modules-name = Name
modules-state = State
modules-position = Position
modules-lag = Behind by
modules-waiting-since = Waiting since
modules-parked = Parked
modules-dead = Dead
modules-action = Action
modules-runs = runs
modules-fails = fails
modules-paused = paused
modules-has-dead = dead letters
modules-has-parked = retries
modules-pause = Pause
modules-paused-flash = { $name } is paused. Its events wait and are not lost.
modules-resumed-flash = { $name } goes on where it stopped.
modules-workers = Background workers
modules-workers-caption = The workers of the process that served this page
modules-no-workers = This process has no background workers: another one has them.
modules-jobs = Scheduled jobs
modules-jobs-caption = The latest runs, newest first
runs-caption-oldest = Runs, the oldest first
runs-caption-job = Runs by job, A to Z
runs-caption-job-down = Runs by job, Z to A
modules-no-jobs = No job has run yet.
modules-job = Job
modules-run-key = For
modules-run-started = Started
modules-run-attempts = Attempts
modules-run-detail = Detail
modules-run-done = done
modules-run-waiting = waits
modules-run-failed = failed
checks-title = Checks
checks-lead = The invariants of the books and of the events are asked all the time: each round asks of the newest dates and of some older ones, and within a day all of them are gone over; of a date with more than 100,000 transfers another part of the tasks each day.
checks-whole = To ask of everything at once, with the number of rows that differ:
checks-round = Asked last:
checks-swept = All closed dates were gone over by:
checks-never = Nothing has been asked yet.
checks-all-hold = Everything holds.
checks-asked-hold = What was asked holds; not everything was.
checks-broken = { $count ->
    [one] { $count } invariant is broken.
   *[other] { $count } invariants are broken.
}
checks-caption = What always holds, and what breaks it
checks-number = No.
checks-what-holds = What holds
checks-kind = About
checks-money = money
checks-process = process
checks-result = Result
checks-holds = holds
checks-held = held when last asked
checks-unasked = not asked yet
checks-stopped = not asked while everything is stopped
checks-differs = does not hold
check-1 = Every transfer has at least two postings, they sum to zero, and so does the whole book
check-2 = Each shown balance is the sum of the employee's transfers
check-3 = Each assignment was charged exactly once, to the right employee, at the task's price
check-4 = A task is done exactly if it was rewarded once, to who completed it, at its price; nothing is assigned after that
check-5 = One reason has one effect of each kind on a task
check-6 = No task, assignment, completion or event waits for longer than a minute
check-7 = A closed date paid everyone exactly once what was above zero at its close
check-8 = Nothing is booked into a closed date
check-9 = Each payout has one mail, and each mail a Message-ID of its own
check-10 = No role of the program can change the books or write another module's tables
check-11 = Nobody who gets no tasks was given one
check-12 = Each closed date holds what its seal says, and the seals are one chain
## Auth

confirm-title = Is it you?
confirm-lead = What you are about to do has consequences. Enter your password once more; then it is done, and for five minutes you are not asked again.
confirm-hint = Without a password: log out, log in again, and repeat it within five minutes.
confirm-go-on = Confirm and go on
log-in = Log in
log-in-by-provider = Log in with the company's account
username = Log-in name
username-or-email = Log-in name or e-mail
username-hint = 3 to 40 letters, digits, dots, underscores or hyphens; begins with a letter
email = E-mail
password = Password
password-hint = At least 15 characters of any kind; a sentence is fine
old-password = Present password
new-password = New password
change-password = Change the password
mail-language = Language of mails
save = Save
name = Name
given-name = Given name
surname = Surname
role = Role
roles = Roles
roles-caption = What each role is for, and what it may do by itself
roles-change-hint = A change of roles ends the person's sessions. Somebody who becomes a manager or an administrator gives up all open tasks.
description = Description
permissions = Permissions
operation = Operation
access-table = Who may do what
access-legend = ✓ allowed, ○ only what is one's own, + only with a permission of one's own, – refused
state = State
active = active
deactivated = deactivated
user-history = What was done to this account in the last 30 days
user-history-none = Nothing.
user-history-all = All of it in the audit
deactivate = Deactivate
deactivate-consequence = { $name } will be logged out at once and get no more tasks; open tasks go to others, who are charged for them. The account and all its transfers stay.
search = Search
any = Any
users-state-any = Any
register = Register
new-user = New user
nav-users = Users
users-caption = Users by log-in name
users-uid = Id
users-none = Nobody here
users-none-hint = Clear the filter, or register somebody.
role-administrator = administrator
role-manager = manager
role-developer = developer
role-boss = boss
role-accountant = accountant
role-internalservice = internal service
role-other = other
operation-log-in = Log in
operation-own-sessions = Own sessions
operation-public-keys = Public keys and health
operation-own-profile = Own profile
operation-own-tasks = Own tasks
operation-all-tasks = All tasks
operation-one-task = One task
operation-create-task = Create a task
operation-edit-task = Change a task
operation-complete-task = Complete a task
operation-shuffle = Shuffle
operation-own-money = Own balance and log
operation-company-earnings = The company's earnings
operation-company-transfers = All transfers
operation-payouts = Payout runs
operation-run-payouts = Settle an overdue date
operation-analytics = Analytics
operation-manage-users = Users and roles
operation-money-audit = Audit of money
operation-security-audit = Audit of rights
operation-operate = Modules and events
operation-checks = Checks
operation-event-feed = Feed of events
operation-api-document = Description of the API
field-log-in-wrong = Name or password is wrong
field-password-wrong = This is not your present password
field-password-short = The password needs at least { $min } characters
field-password-long = The password may have at most { $max } characters
field-password-own-name = The password must not contain your name or address
field-password-easy = This password is too easy to guess
field-username-length = The log-in name needs 3 to 40 characters
field-username-characters = The log-in name may have letters, digits, dots, underscores and hyphens, and begins with a letter
field-username-taken = Somebody has this log-in name already
field-email-long = The address is too long
field-email-form = This is not an e-mail address
field-email-taken = Somebody has this address already
field-name-empty = Enter a name
field-name-long = A name may have at most 80 characters
field-name-characters = A name must not contain control or invisible characters, < or >
field-roles-unknown = There is no such role
field-roles-empty = Choose at least one role
error-log-in-busy = Too many people are logging in right now. Try again in a few seconds.
error-log-in-throttled = Too many attempts. Try again in { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
}.
error-provider-away = The company's log-in cannot be reached now. Log in with your password, or try again later.
error-provider-refused = The log-in with the company's account did not work. Try again from here.
error-provider-no-account = There is no active account here for you. Ask an administrator.
error-administrator-exists = There is an administrator already
error-user-deactivated = This user is deactivated
error-last-administrator = This is the last administrator; make another one first
flash-logged-out = You are logged out
flash-language-saved = The language of your mails is saved
flash-password-changed = The password is changed. Its strength: { $strength }
flash-user-registered = { $username } is registered
flash-user-saved = Saved
flash-user-deactivated = Deactivated; open tasks go to others
access = Sessions and tokens
sessions-caption = Where you are logged in
sessions-none = Not logged in anywhere
session-device = Device
session-device-unknown = unknown device
session-place = Address
session-since = Since
session-seen = Last seen
session-current = this one
session-api = API
end = End
sessions-end-others = End all other sessions
sessions-end-all = End all sessions and tokens
tokens = Tokens of your scripts
tokens-hint = A script shows its token as “Authorization: Bearer …”. It may do what you chose for it, as long as you may do it yourself.
tokens-caption = Tokens that count
token-fresh = Your new token
token-fresh-hint = Copy it now: it is shown only this once.
token-scopes = What it may do
token-last-used = Last used
token-ends = Ends
never = never
token-name = Name of the token
token-name-hint = Such as the name of the script
token-days = Counts for how many days
token-make = Make a token
service-tokens = Credentials of this service
service-tokens-hint = As soon as it has one, its password does not open the API any more.
permissions-own = Permissions on top of the roles’
permission-can-see-all-tasks = See all tasks and who has them
permission-can-reassign-tasks = Shuffle the tasks
permission-can-see-company-money = See the company’s money
permission-can-run-payouts = Settle overdue dates
permission-can-see-analytics = See the analytics
permission-can-manage-users = Manage users
permission-can-operate = Operate the system
scope-profile = Read and change your own record
scope-tasks-read = Read tasks
scope-tasks-write = Create, change and complete tasks
scope-shuffle = Shuffle the tasks
scope-account = Read your balance and log
scope-company-money = Read the company’s money
scope-payouts = Settle overdue dates
scope-analytics = Read the analytics
scope-events = Read all events
field-scope-beyond-rights = You may do nothing of one of these yourself
field-permission-opens-nothing = { $permission } opens nothing for these roles
field-meta = Meta information is a JSON object of at most 4,096 bytes without U+0000
error-too-many-tokens = There are { $most } tokens already; end one of them first
flash-other-sessions-ended = All other sessions are ended
flash-sessions-ended = All sessions and tokens are ended
flash-token-revoked = The token is ended
flash-token-made-before = This token was made before and cannot be shown again
## Second factors

credentials = Ways to log in
credential-on = on
second-step = One more step
code = Code
code-hint = Six digits that the app shows now
code-or-recovery-hint = Six digits that your authenticator app shows now, or one of your recovery codes
log-in-anew = Begin the log-in anew
totp = Authenticator app
totp-hint = An app on your phone shows a new code every thirty seconds. With it, the password alone opens nothing.
totp-begin = Set up an app
totp-scan = Scan this with your app:
totp-qr = QR code with the secret for your app; the same secret is below as text
totp-type = Or type this secret into it, or open it on this device:
totp-open = Open in an app on this device
totp-confirm = Switch it on
totp-another = Make another secret
totp-remove = Remove the app
totp-remove-hint = Without it the password alone opens your account again. The recovery codes end with your last second factor.
recovery-codes = Recovery codes
recovery-codes-left = { $left ->
    [one] { $left } code is left.
   *[other] { $left } codes are left.
} Each opens your account once in place of your app.
recovery-codes-fresh = Your recovery codes
recovery-codes-fresh-hint = Write them down now and keep them apart from your phone: they are shown only this once. Each counts once.
recovery-codes-renew = Make the codes anew
recovery-codes-renew-hint = When you make them anew, all earlier codes end.
field-code-wrong = The code is wrong, or was used before
error-totp-exists = There is an authenticator app already; remove it first
error-totp-not-begun = No authenticator app is being set up; begin anew
error-no-second-factor = There is no second factor that recovery codes could stand in for
error-second-factor-required = This account has a second factor. Send the code of the authenticator app, or a recovery code, as “totp”.
beak = The beak
beak-about = Draw the shape of your beak and log in with it in place of the password. It is easier to watch and to guess than a good password; a second factor beside it is a good idea.
beak-enrol = Keep a shape
beak-another = Keep another shape
beak-remove = Remove the shape
beak-shape = Shape
beak-again = The same shape again
beak-hint = Draw it in one line, or name the cells it goes through in order: A1 is at the upper left, D4 at the lower right. Where and how large does not matter.
beak-pad = Cells of the drawing pad
beak-clear = Clear
beak-cells-chosen = Cells chosen:
beak-log-in = Log in with your beak
log-in-by-password = Log in with the password
field-beak-wrong = Name or shape is wrong
field-beak-not-understood = Draw a line, or name cells such as A1 B2 C2
field-beak-simple = This shape is too simple: it needs at least six cells, five different ones, and two turns
field-beak-differs = This is another shape than the first one; the same line must go through the same cells
field-beak-taken = Somebody has this shape already
error-no-beak = There is no shape of your beak
flash-beak-enrolled = Your beak is known now
flash-beak-removed = The shape of your beak is removed
passkeys = Passkeys
passkeys-about = A passkey is kept by this device or by a security key, and opened by your finger, face or PIN. It logs you in without a name, a password and a code.
passkeys-need-script = Passkeys need a browser that has them, with scripts switched on.
passkey-name = Name of the passkey
passkey-name-hint = Such as the name of this device
passkey-make = Make a passkey
passkey-remove = Remove this passkey
passkey-log-in = Log in with a passkey
passkey-failed = That did not work. Try again, or take another way.
field-passkey-unfit = This passkey could not be checked; begin anew
field-passkey-known = This passkey is known already
error-passkeys-need-name = Passkeys work only where this site has a name, not where its address is a number.
error-too-many-passkeys = There are { $most } passkeys already; remove one of them first
flash-passkey-enrolled = The passkey is made
flash-passkey-removed = The passkey is removed
second-factors = Second factors
second-factors-remove = Remove all second factors
second-factors-remove-hint = For somebody who has lost their phone and their recovery codes. Make sure first that it is they who ask. It ends all their sessions; from then on the password alone opens the account.
flash-factors-removed = The second factors are removed
flash-passkey-refused = This passkey opens nothing here
error-second-factor-missing = A role of yours must have a second factor, and you have none. Log in in a browser and set one up.
banner-second-factor-missing = A role of yours must have a second factor. Set one up to go on.
banner-auth-away = Authorization is unavailable right now. You can go on working for a few minutes; do not log out.
flash-totp-removed = The authenticator app is removed
flash-recovery-code-used = You are logged in with a recovery code. { $left ->
    [one] { $left } is left.
   *[other] { $left } are left.
}
flash-code-over = This log-in is over: too much time or too many codes. Begin anew.
## Accounting

nav-accounting = Finance
nav-account = My account
breadcrumb = Where you are
total = Total
column-date = Date
column-time = Time
column-kind = Kind
column-description = What for
column-employee = Employee
column-amount = Amount
column-balance = Balance
columns-choice = Columns
columns-hide = Columns that are left out
columns-without = Without: { $column }
columns-apply = Show it so
column-fees = Fees
column-rewards = Rewards
column-earned = Earned
column-paid = Paid
column-people = People paid
column-debtors = Left with a debt
column-mail = Mail
column-mails = Mails
column-transfer = Transfer
column-settled-at = Settled
column-state = State
column-recipient = Address
column-attempts = Attempts
period-from = From
period-to = To
period-neighbours = Earlier and later
previous-day = Previous day
next-day = Next day
previous-period = Earlier
next-period = Later
kind-all = All kinds
kind-assignment-fee = Fee
kind-completion-reward = Reward
kind-payout = Payout
kind-debt-carried = Carried debt
kind-adjustment = Adjustment
movement-assignment-fee = Assigned: { $task }
movement-reassignment-fee = Reassigned: { $task }
movement-completion-reward = Completed: { $task }
movement-payout = Paid { $paid } for { $date }
movement-adjustment = Adjustment of { $date }
movement-debt-carried = Debt carried over { $amount }
account-title = My account
account-title-of = Account of { $name }
account-balance = Balance
account-earned-today = Earned today
account-next-payout = Next payout
account-log = Log
account-empty-title = No operations in this time
account-empty-text = The first fee arrives with the first task.
company-title = Finance
company-today = Today's transfers
company-earned-today = Earned today
company-earned-note = Fees less rewards; payouts do not count.
company-balance = Balance of the company
company-balance-note = Fees less rewards since the start.
company-owed = The same from the employees' side
company-owed-note = All balances and payouts, negated.
company-sides-differ = The two sides of the books differ. Tell an administrator at once.
company-days = Earnings by day
day-title = Transfers of { $date }
day-closed = Closed: final
day-open = Open: not final
day-payouts = Payouts of the day
day-count = { $count ->
    [one] { $count } transfer
   *[other] { $count } transfers
}
day-transfers = Transfers, newest first
day-empty-title = No transfers
day-empty-text = Nothing was booked here on this day.
payouts-title = Payouts
payouts-caption = Settled days, newest first
payouts-overdue = Not settled yet
payouts-reason = It waits:
payouts-waits-for-ledger = the ledger has not yet heard of everything that happened before the end of the date.
payouts-waits-for-repair = some events of the date cannot be understood, so nobody knows whose account they concern; they wait for repair.
payouts-held = Held accounts: { $count }.
payouts-held-about = Their events could not be booked; everybody else is paid. They are paid for the same date as soon as the events are repaired or skipped.
payouts-running = { $date } is being settled; the rest follows by itself.
held-caption = Accounts held for { $date }
held-since = Held since
held-reason = What it waits for
held-repaired = Repaired; it is settled with the next run.
held-item = Show the event
payouts-settle = Settle { $date } now
payouts-settled = { $date } is settled.
payouts-waiting = { $date } cannot be settled yet. It is tried again every minute; the reason is below.
payouts-empty-title = No payouts yet
payouts-empty-text = Each day is settled after its end by the clock of { $zone }.
payout-title = Payouts for { $date }
payout-transfers = Transfers of the day
payout-lines = Who was paid what
payout-empty-title = Nobody was paid
payout-empty-text = No balance was above zero at the end of this day.
company-sides-agree = Both sides of the books agree.
statements-title = Statements
statements-caption = Settled days, newest first
statements-today = Today so far
statements-sheet = Statement of the period
statements-empty-title = No statements here
statements-empty-text = A day gets its statement when it is settled, if it moved the account or began with a debt.
statement-title = Statement for { $date }
statement-period-title = Statement of the period
statement-open = Open: not final
statement-opening = Opening balance
statement-debt-carried = Debt carried over
statement-adjustments = Adjustments
statement-payout = Payout
statement-payouts = Payouts
statement-closing = Closing balance
statement-so-far = Balance so far
statement-lines = Operations in the order of booking
statement-days = Days with operations
statement-empty = No operations
statement-foot = Summary
statement-reference = Reference
statement-print = Print
statement-printed = printed { $at }
statement-wrong = This statement does not add up. Tell an administrator at once.
statement-short = { $count ->
    [one] { $count } operation, added up below; it is on the page at the address below and in its file.
   *[other] { $count } operations, added up below by kind; each is on the page at the address below and in its file.
}
statement-cut = { $count ->
    [one] The first { $shown } of { $count } operation are shown; the file has all of them.
   *[other] The first { $shown } of { $count } operations are shown; the file has all of them.
}
company-statement-title = Company statement for { $date }
company-statement-link = Company statement
company-statement-own = The company
company-statement-theirs = The employees
company-statement-before = Balance of the company before
company-statement-after = Balance of the company after
company-statement-people-before = All balances before
company-statement-people-after = All balances after
company-statement-paid = Paid out since the start
company-statement-adjusted = Adjustments since the start
company-statement-people = { $count ->
    [one] of { $count } account that moved
   *[other] of { $count } accounts that moved
}
account-unreachable = We could not reach you at { $address }: the mail server refuses this address for good. Ask an administrator to change it; what could not be delivered is sent again then.
mails-trouble = { $count ->
    [one] { $count } mail waits for the mail server.
   *[other] { $count } mails wait for the mail server.
}
undeliverable-caption = Undeliverable addresses: refused for good
undeliverable-last = Last mail for
mail-kind-payout = Payout
mail-kind-statement = Statement
mail-kind-digest = Digest
mail-failure = Given up
mail-failure-refused = The address is refused for good
mail-failure-expired = The time for retries is over
mail-repeat-confirm = It was delivered already; send it a second time
error-mail-already-sent = This mail was sent already. Tick the box to send it a second time.
error-mail-on-its-way = This mail is on its way already.
mail-statement-subject = Statement for { $date }: { $amount }
mail-statement-debt = nothing was paid out for { $date }. A debt of { $amount } is carried over to the next day.
mail-statement-zero = nothing was paid out for { $date }, and nothing is carried over to the next day.
mail-digest-subject = Digest of { $date }: { $amount } paid
mail-digest-body = { $date } is closed and sealed. Keep this mail: with its digest anybody can show that the books of the day were not changed afterwards.
mail-digest-transfers = Transfers
mail-digest-held = Accounts that were settled later
mail-digest-held-now = Accounts held now
mail-digest-label = Digest of the chain (SHA-256):
mail-digest-again = To compute it again (docs/TAMPER.md says how it is made):
mail-digest-link = The statement of the company for this day:
mails-title = Mails
mails-caption = Mails, newest first
mails-not-connected = No mail server is configured: mails are kept here and shown.
mails-failed = { $count ->
    [one] { $count } failed
   *[other] { $count } failed
}
mails-waiting = { $count ->
    [one] { $count } not sent yet
   *[other] { $count } not sent yet
}
mails-all-sent = all sent
mails-empty-title = No mails here
mails-empty-text = Everybody who is paid gets one.
mail-state-all = All states
mail-state-new = new
mail-state-waiting = waiting
mail-state-sent = sent
mail-state-failed = failed
mail-state-none = no mail
mail-retry = Send again
mail-retried = The mail is on its way again.
mails-retry = { $count ->
    [one] Send { $count } failed mail again
   *[other] Send { $count } failed mails again
 }
mails-retried = { $count ->
    [one] { $count } mail is on its way again.
   *[other] { $count } mails are on their way again.
 }
error-no-mails-given-up = No mail of this list has failed.
mail-written = Written
mail-sent = Sent
mail-next-attempt = Next attempt
mail-last-error = What the mail server said
mail-text = Text
mail-html = HTML
mail-payout-subject = Payout for { $date }: { $amount }
mail-payout-greeting = Hello { $name },
mail-payout-body = you were paid { $amount } for { $date }.
mail-payout-link = Every fee and reward of the day is in your statement:
mail-payout-sign = Accounting, UberPopug Inc
bank-account-title = Bank account
bank-account-lead = Where the money goes when a day is paid out by bank. Leave both fields empty to remove the account.
bank-account-now = Known now
bank-account-iban = Account number (IBAN)
bank-account-iban-hint = With its country and check digits; spaces do no harm.
bank-account-bic = Bank (BIC), if you know it
bank-account-bic-hint = Eight or eleven characters.
bank-account-save = Save
flash-bank-account-saved = The bank account is saved.
flash-bank-file-made = The payment file is ready.
field-iban-wrong = This is no account number: check its country, its length and its digits.
field-bic-wrong = A BIC has eight or eleven letters and digits.
bank-file-title = Payment file for the bank
bank-file-made = { $count ->
    [one] { $count } payment
   *[other] { $count } payments
}, { $sum }, made
bank-file-left-out = Left out, to be paid otherwise: { $sum }
bank-file-ready = { $count ->
    [one] { $count } person who was paid has a bank account.
   *[other] { $count } people who were paid have a bank account.
}
bank-file-make = Make the file
bank-file-held = Who is held gets into a further file, once they are paid.
bank-file-download = Download pain.001
bank-file-unset = The company's own account is not set (ATES_PAYOUT_DEBTOR_IBAN).
bank-file-missing = { $count ->
    [one] { $count } person is not in it, for want of a bank account:
   *[other] { $count } people are not in it, for want of a bank account:
}
error-bank-file-unset = There is no payment file: the company's account is not set (ATES_PAYOUT_DEBTOR_NAME and ATES_PAYOUT_DEBTOR_IBAN).
error-bank-file-currency = There is no payment file in { $currency }: only currencies with two decimals can be paid.
error-bank-file-empty = There is no payment file: nobody who was paid that day has a bank account.
error-xlsx-too-long = A sheet of a workbook has room for { $rows } rows, and there are more. Download it as CSV, or ask for less.
error-day-not-open = { $date } is not a day of the books that could be settled.
error-day-before-open = A day before { $date } is not settled yet.
error-day-not-over = { $date } is not over yet.
error-nothing-to-settle = No day is over yet, so there is nothing to settle.
field-not-a-date = Give a date such as 2026-03-02
field-period-reversed = The last day must not be before the first
field-period-too-long = That is too long for one table: ask for at most ten years

## Admin section

nav-admin = Admin
nav-roles = Roles
nav-payouts = Payouts
nav-mails = Mails
admin-about-modules = What runs, how far each subscriber is, what waits for repair, and when the jobs ran
admin-about-checks = The invariants of the books and of the events, asked now
admin-about-users = Register people, change their roles, deactivate them
admin-about-roles = What each role is for, and who may do what
admin-about-shuffles = Every press of the shuffle and what came of it
admin-about-payouts = The settled dates and who was paid what
admin-about-mails = Every mail with its state, as its receiver sees it
nav-events = Events
admin-about-events = The log of events, and what one click has started
events-title = Events
events-seq = Number
events-id = Id
events-type = Type
events-version = Version
events-topic = Topic
events-producer = Told by
events-subject = About
events-correlation = Click
events-causation = Caused by
events-actor = Person
events-recorded = Recorded
events-any = any
events-filter-id = Id of an event, a task, a run or a person
events-caption = The log, newest first
events-caption-oldest = Events, the oldest first
events-from = Recorded from
events-before = Recorded before
events-csv = Download CSV (the newest { $count })
events-none-title = The log is empty
events-none-text = The first event comes with the first user.
story-title = What the log knows of it
story-envelope = Envelope
story-all-about = all about it
story-items = Facts in it
story-no-cause = nothing: it stands at the beginning
story-no-actor = the system itself
story-visits = Its way
story-visits-caption = Everyone whom it is for, and how far they are with it
story-for-nobody = No subscriber takes events of this type.
story-parked = Parked
story-content = Content
story-tree = What one click has started
story-applied-by = applied by
story-more = and { $count } more of this type from the same cause
stage-applied = applied
stage-skipped = skipped
stage-waiting = waits
stage-paused = paused
stage-blocked = blocked
stage-retrying = retried
stage-dead = dead

# Corrections

nav-corrections = Corrections
admin-about-corrections = Corrections of the books: asked for by one person, confirmed by another
operation-request-corrections = Ask for a correction
operation-confirm-corrections = Confirm another's correction
corrections-title = Corrections
corrections-lead = Nothing that is booked is ever changed. A correction is a new transfer: one person asks, an administrator who is somebody else confirms.
corrections-caption = Corrections, newest first
corrections-empty-title = No corrections here
corrections-empty-text = The books have not needed any so far.
correction-title = Correction
correction-ask = Ask for a correction
correction-ask-lead = It is booked on the date that is open now, also when it makes good for a closed one.
correction-column = Correct
correction-of = Correct: { $what }
correction-reason = Reason
correction-reason-hint = 10 to 500 characters. The employee sees it too.
correction-employee-hint = User name or e-mail address.
correction-amount-hint = From the employee's side: -12.50 takes, 12.50 gives.
correction-corrects = Makes good for
correction-earlier = Made good for already
correction-left = Left to undo
correction-task = Task
correction-assignment = assignment { $number }
correction-event = event { $number }
correction-skips = Skips the dead event
correction-price-drawn = the task's price, drawn when it is booked
correction-requested-by = Asked by
correction-decided-by = Decided by
correction-booked = Booked on
correction-decide-lead = Confirming books it at once. That cannot be undone, only corrected.
correction-waits = Waits for an administrator other than who asked.
correction-confirm = Confirm and book
correction-reject = Reject
correction-withdraw = Take back
correction-requested = Asked. Somebody else has to confirm it.
correction-confirmed = Confirmed and booked.
correction-rejected = Rejected. Nothing was booked.
correction-withdrawn = Taken back. Nothing was booked.
correction-missing-title = Book what is missing
correction-missing-lead = The tasks' journal has it, the ledger does not. Person and amount come from the books.
correction-skip-title = Skip a dead event
correction-skip-lead = The event is skipped in the same step that books what it should have brought.
correction-missing-since = Missing since
correction-kind-none = nothing to book
correction-state-all = All
correction-state-requested = waits for confirmation
correction-state-confirmed = booked
correction-state-rejected = rejected
correction-state-withdrawn = taken back
movement-corrected = { $text }: { $reason }
field-correction-reason = Say why in 10 to 500 characters.
field-correction-amount = An amount such as -12.50 or 3: not zero, two decimals at most.
field-correction-employee = Nobody of that name has an account.
field-correction-not-theirs = The transfer belongs to somebody else.
field-correction-beyond = More than is left of that transfer: earlier corrections count.
error-correction-already-asked = The same correction waits for confirmation already.
error-correction-decided = This correction was decided already.
error-correction-beyond = Less than that is left of the transfer: it was corrected meanwhile.
error-correction-second-person = You asked for it yourself: somebody else has to decide.
error-correction-not-yours = Only who asked can take it back.
error-correction-nothing-missing = The ledger has it already: nothing is missing.
error-correction-something-missing = The ledger misses something of this event now: ask again.
error-correction-whole-batch = A whole batch is missing. The sweep books it by itself within a minute or two; then the event can be skipped.

# Scenarios

nav-scenarios = Scenarios
admin-about-scenarios = What should have followed and did not, with the entry that would make good for it
admin-alerts = { $count ->
    [one] { $count } planned step did not follow.
   *[other] { $count } planned steps did not follow.
}
scenarios-title = Scenarios
scenarios-lead = Every step has to follow the one before within { $seconds } s. Which did not, and which came late.
scenarios-all-followed = Every step has followed in time.
scenarios-missing = { $count ->
    [one] { $count } step is missing.
   *[other] { $count } steps are missing.
}
scenarios-open = Missing steps, the oldest first
scenarios-cleared = Came late
scenarios-cleared-caption = Steps that came late, the latest first
scenarios-scenario = Scenario
scenarios-step = Missing step
scenarios-subject = For
scenarios-since = Waiting since
scenarios-cleared-at = Done by
scenarios-proposal = Proposed entry
scenarios-apply = Ask for this correction
scenarios-assignment = assignment { $number }
scenario-creation = Creation of a task
scenario-assignment = Assignment of a task
scenario-completion = Completion of a task
scenario-booking = Booking of a transfer
scenario-day = End of a day
scenario-payout = Payout
scenario-leaving = Somebody gets no more tasks
scenario-delivery = Delivery of events
step-creation-price = a price
step-creation-fee = the first fee
step-creation-open = opening the task
step-assignment-fee = the fee
step-completion-reward = the reward
step-booking-cause = what it was booked for
step-day-close = closing the day
step-payout-mail = the mail
step-leaving-redraw = drawing the open tasks anew
step-delivery-heard = hearing an event
proposal-fee = Assignment fee
proposal-reward = Completion reward
proposal-reverse = Adjustment
proposal-price-drawn = the task's price
## The bus

bus-not-paused = This works only while the subscriber is paused.
bus-not-repeatable = This subscriber may not hear an event twice; build it again instead.
bus-seq-ahead = The number must lie between 0 and where the subscriber is.
bus-skip-money = This event moves money. It can be skipped only together with a correcting transfer.
bus-not-dead = This event is not dead: it is still tried, or was settled already.
bus-reason-short = Give a reason of at least ten letters.
nav-letters = Dead letters
nav-runs = Runs
admin-about-letters = What failed and waits for repair: try it again, or do without it
admin-about-runs = What ran for which date, and how it ended
modules-pace = In the last minute
modules-retired = retired
modules-late = { $name } is { $lag ->
    [one] { $lag } event
   *[other] { $lag } events
} behind, the limit is { $limit }.
modules-money = money
modules-applied-total = Applied so far
modules-last-applied = last
modules-last-error = Last error
modules-holders = Who holds it
modules-holders-caption = It goes on when the last of them has let go
modules-holder = Holder
modules-since = Since
modules-release = Release
modules-reason = Reason
modules-reason-hint = It is kept in the audit and shown to everybody who looks after the system.
modules-pause-title = Pause
modules-pause-text = Its events wait and are not lost. Everybody else goes on.
modules-confirm = I know: until it goes on, no fee and no reward is booked, and no day is settled.
modules-confirm-needed = Confirm that money stands still meanwhile.
modules-still-held-flash = { $name } was released, but somebody else still holds it.
letters-title = Dead letters
letters-count = { $count ->
    [one] { $count } item
   *[other] { $count } items
}
letters-waiting = all that wait
letters-consumer = Consumer
letters-item = Item
letters-key = Key
letters-class = Kind of error
letters-error = Error
letters-attempts = Attempts
letters-first-failed = Failed first
letters-from = Failed from
letters-before = Failed before
letters-next = Next attempt
letters-choose = Choose
letters-caption = In the order of the log
letters-retry-chosen = Retry chosen
letters-retry-all = Retry all { $count }
letters-skip-chosen = Skip chosen
letters-retry-one = Retry now
letters-skip-one = Skip
letters-none-title = Nothing waits for repair
letters-none-text = Every event was applied. The parrots are content.
letters-none-chosen = Choose an item first.
letters-money = This event moves money. It is skipped only together with a correcting transfer that a second administrator confirms.
letters-corrections = To the corrections
letters-retried-flash = { $count ->
    [one] { $count } item is tried again.
   *[other] { $count } items are tried again.
}
letters-skipped-flash = { $count ->
    [one] { $count } item was skipped.
   *[other] { $count } items were skipped.
}
letter-title = Parked item of event { $seq }
letter-event = Event
letter-last-failed = Failed last
letter-resolved = Settled
letter-of-key = What it holds up
letter-of-key-count = { $count ->
    [one] { $count } item of this key waits for repair, in this order.
   *[other] { $count } items of this key wait for repair, in this order.
}
letter-archived = The event is in the archive.
choice-retry-title = Try again
choice-skip-title = Do without
choice-retry-text = { $count ->
    [one] { $count } item is tried again now, with all attempts anew. One that is applied already is not applied twice.
   *[other] { $count } items are tried again now, with all attempts anew. One that is applied already is not applied twice.
}
choice-skip-text = { $count ->
    [one] { $count } item will never be applied. This cannot be undone.
   *[other] { $count } items will never be applied. This cannot be undone.
}
choice-more = and { $count } more
choice-nothing = None of them waits for repair any more.
choice-reason-hint = At least ten letters; it is kept in the audit.
choice-retry = Retry { $count }
choice-skip = Skip { $count }
runs-title = Runs
runs-last = Last
runs-next = Next
runs-next-bell = at the next bell
runs-finished = Finished
runs-queued = queued
runs-running = runs
runs-shuffle = Shuffle
runs-moved = Moved
runs-shuffles-caption = The last presses, newest first
runs-no-shuffles = Nobody has shuffled yet.
job-settle = Settles each business date that is over
job-sweep = Books what no event has told of
job-clean-up = Removes sessions whose time is over
job-doctor = Compares log, cursors and ledger
job-partitions = Makes the coming partitions
job-archive = Moves old months to the archive
job-scenarios = Watches that each step was followed by the next
bus-not-rebuildable = This subscriber keeps more than the log can give back: it cannot be built again.
bus-rebuild-under-way = It is being built again already.

## The emergency stop and the reconciler

error-title-stopped = Changes are stopped
stopped = Emergency stop: nothing can be changed until an administrator releases it; reading works. The reason: { $reason }
stopped-by-check = Emergency stop: nothing can be changed until an administrator releases it; reading works. The books differ: { $number ->
    [1] {check-1}
    [2] {check-2}
    [3] {check-3}
    [4] {check-4}
    [5] {check-5}
    [6] {check-6}
    [7] {check-7}
    [8] {check-8}
    [9] {check-9}
    [10] {check-10}
    [11] {check-11}
   *[12] {check-12}
}.
nav-stop = Emergency stop
admin-about-stop = Stop every change at once, release it, and see what was before
stop-lead = While the stop is set every change is refused, payouts and mails wait, and reading works.
stop-is-set = The emergency stop is set
stop-is-not-set = The emergency stop is not set.
stop-reason = Reason
stop-since = Since
stop-by = Set by
stop-release-title = Release
stop-release-text = Release it when the cause is found and the books are repaired. What differs still sets it again at once.
stop-release-reason = Reason of the release
stop-reason-hint = In 10 to 500 characters; everybody who uses aTES reads it.
stop-password = Your password
stop-release = Release the stop
stop-set-title = Stop everything
stop-set-text = From then on nobody can change anything until an administrator releases it.
stop-set = Set the emergency stop
stop-history = Earlier stops
stop-released-at = Released
stop-set-flash = The emergency stop is set.
stop-released-flash = The emergency stop is released.
field-stop-reason = Say why in 10 to 500 characters.
error-stop-already-set = The emergency stop is set already.
error-stop-not-set = The emergency stop is not set.
error-stop-still-writing = The emergency stop is set, but somebody is still writing. Look at the log and try again.
badge-agrees = The books agree as of { $at }
badge-differs = The books differ.
badge-broken = Does not hold:
badge-agreed-last = They agreed last as of { $at }.
badge-stale = The books have not been compared since { $at }
badge-never = The books have not been compared yet
# Audit and abuse
nav-audit = Audit
admin-about-audit = Who did what, when, and from where
audit-title = Audit
audit-lead = Every change that somebody made, the newest first. Rows are written with the change itself and never removed.
audit-person = Person: log-in name or id
audit-action = Action begins with
audit-caption = What was done
audit-caption-oldest = What was done, the oldest first
audit-when = When
audit-who = Who
audit-who-uid = Id of who did it
audit-what = Action
audit-about = About
audit-from = From
audit-address = Address
audit-agent = Program
audit-request = Request
audit-detail = Details
audit-system = the system
audit-none-title = Nothing was done
audit-none-text = No row fits the filter. Try a longer period, or fewer words.
nav-abuse = Abuse
admin-about-abuse = Who creates for whom, who shuffles at whose cost, and the limits against it
abuse-title = Reports against abuse
abuse-lead = A reward is larger than a fee, so trivial tasks print money, and a shuffle charges everybody. These reports show who does either much.
abuse-no-limits = No limit is on: anybody may create and press as often as they like, and complete at once.
abuse-limit-creations = At most { $count } creations a person and day
abuse-limit-age = A task is completed at the age of { $seconds } s at the earliest
abuse-limit-presses = At most { $count } presses a person and day
abuse-creators = By creator
abuse-creators-caption = Tasks created in the period, and what has come of them until now
abuse-no-creators = Nobody created a task in this period.
abuse-creator = Creator
abuse-uid = Id
abuse-created = Created
abuse-completed = Completed
abuse-self = By self
abuse-age = Soonest
abuse-age-seconds = Soonest completion, seconds
abuse-rewards = Rewards
abuse-fees = Fees
abuse-net = Net
abuse-pairs = Who completes whose tasks
abuse-pairs-lead = Chance would share a creator's tasks evenly. The deviation counts standard deviations above that; a marked one has at least five completions and more than three.
abuse-pairs-caption = Completed tasks of the period by creator and by who completed them
abuse-completer = Completed by
abuse-assigned = Came to them
abuse-share = Share
abuse-deviation = Deviation
abuse-pressers = By presser
abuse-pressers-caption = Presses of the shuffle in the period
abuse-no-pressers = Nobody pressed the shuffle in this period.
abuse-presser = Pressed by
abuse-presses = Presses
abuse-moved = Assignments
abuse-people = People
abuse-effects = Whom the presses met
abuse-effects-caption = Tasks that came and went, and fees, by presser and by person
abuse-person = Person
abuse-given = Came
abuse-taken = Went
age-seconds = { $count } s
age-minutes = { $count } min
age-hours = { $count } h
age-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}

# Balances at a date, stored earnings
account-balance-at = Balance at the close of { $date }
balances-title = Balances
balances-caption = Balances at the close of { $date }, the deepest debts first
balances-caption-largest = Balances at the close of { $date }, the largest first
balances-date = At the close of
balances-which = Which
balances-all = All
balances-negative = Only below zero
balances-total = All balances together
balances-people = { $count ->
    [one] { $count } account
   *[other] { $count } accounts
}
balances-debts = Debts
balances-debtors = { $count ->
    [one] { $count } account below zero
   *[other] { $count } accounts below zero
}
balances-none-title = No such balance
balances-none-text = Nobody was below zero at the close of that date.
balances-more = Further balances
balances-back = Back a page
column-uid = Id
company-stored = Closed dates are read from the totals that were stored when they were closed.
recount-title = Count closed dates again
recount-lead = Every closed date of the period is added up from the ledger and compared with its stored total. A closed date is final: a difference is shown here and never written over.
recount-again = Count again
recount-equal = { $count ->
    [one] { $count } closed date was counted; it is what the ledger adds up to.
   *[other] { $count } closed dates were counted; each is what the ledger adds up to.
}
recount-differs = { $count } of { $dates } closed dates are not what the ledger adds up to.
recount-caption = Closed dates that differ
recount-stored-fees = Fees, stored
recount-live-fees = Fees, ledger
recount-stored-rewards = Rewards, stored
recount-live-rewards = Rewards, ledger
field-date-in-future = That day has not come yet

## Accounts: forgotten passwords, strength, registration, setup

forgot-password = Forgot your password?
show-password = Show the password
reset-password = Forgotten password
reset-lead = We mail you a link with which you set a new password. It works once, for ten minutes.
reset-no-mails = This installation sends no mails. Ask an administrator for a new password.
reset-ask = Mail me a link
reset-have-code = I have a code already
reset-link-hint = The link goes to their address, works once and for ten minutes; nobody else gets to see it.
reset-link-mail = Mail a link to a new password
flash-reset-link-mailed = A mail with a link is on its way.
error-no-link-for-user = Nobody gets a link who is deactivated or a service.
reset-again = Ask for another link
flash-reset-asked = If there is such an account, a mail is on its way to its address. It has a link and a code.
new-password-lead = The code is in the mail; the link in the mail fills it in by itself. Your sessions everywhere end, and so do the tokens of your scripts.
mailed-code = Code
mailed-code-hint = From the mail; it works once, for ten minutes
set-password = Set the password
flash-password-set = The new password is set. Log in with it.
field-link-over = This code is used up or too old. Ask for another.
field-password-common = This password is too common: many would try it
strength = Strength of the password
strength-lead = Here you see what we think of a password. It is not kept.
strength-check = How strong is it?
strength-weak = Taken, but weak: add another word or two
strength-fair = Fair
strength-good = Good
strength-strong = Strong
change-password-ends = Your sessions elsewhere end, and so do all tokens of your scripts. You stay logged in here.
operation-reset-password = Ask for a new password by mail
mail-account-sign = aTES, UberPopug Inc
mail-account-code = Or open { $page } and enter this code:
mail-reset-subject = A new password for aTES
mail-reset-body = somebody, we hope you, asked for a new password for your account. The link works once, for ten minutes.
mail-reset-link = Set a new password
mail-reset-otherwise = If it was not you, do nothing: your password stays as it is.
mail-password-changed-subject = Your password for aTES was changed
mail-password-changed-body = the password of your account was changed just now. All other sessions and all tokens of scripts have ended.
mail-password-changed-link = Set another password
mail-password-changed-otherwise = If it was not you, set another password at once and tell an administrator.
register-yourself = Register
register-lead = You get a mail with a link; your account is made when you open it.
register-domains = At { $domains }
register-again = Register again
prove-address = Confirm the address
prove-lead = The code is in the mail; the link in the mail fills it in by itself.
prove-code-hint = From the mail; it works once, for a day
field-email-domain = Registration is open for addresses at { $domains } only
field-setup-code = This is not the code. It stands in the log of the program, from its last start, and works for a day
field-registration-taken = Somebody else has taken the log-in name or the address meanwhile. Register again
flash-registration-asked = A mail is on its way to your address. It says how to go on.
flash-registered = Your account is there. Log in.
flash-set-up = You are the administrator. Log in.
setup = Welcome to aTES
setup-lead = There is no administrator yet. Whoever has the code from the log of the program becomes the first one.
setup-code = Code
setup-code-hint = 20 letters and figures; the program prints them when it starts
setup-make = Become the administrator
mail-proof-subject = Confirm your address for aTES
mail-proof-body = somebody, we hope you, registered for aTES with this address. Confirm it within a day, and your account is made.
mail-proof-link = Confirm the address
mail-proof-otherwise = If it was not you, do nothing.
mail-known-subject = You have an account in aTES already
mail-known-body = somebody, we hope you, wanted to register for aTES with this address. It has an account already: log in with it.
mail-name-taken-subject = Choose another log-in name for aTES
mail-name-taken-body = somebody, we hope you, registered for aTES with this address. The log-in name is taken: register again with another.
mail-name-taken-link = Register again
own-record = Name and notes
meta = Meta information
meta-hint = A JSON object that programs read over the API; may be empty
address-hint = Mails and links to a new password go there. The old address is told of the change.
display = Times and colours
time-zone = Time zone
time-zone-hint = For showing times only; business days are those of the company
time-zone-company = The company's
flash-record-saved = Saved
flash-address-saved = The address is changed; the old one gets a mail about it
flash-display-saved = Saved
mail-address-changed-subject = Your address in aTES was changed
mail-address-changed-body = mails about your account go to another address from now on. This is the last one to this address.
mail-address-changed-link = Look at your profile
mail-address-changed-otherwise = If it was not you, tell an administrator at once.
nav-account-mails = Mails about accounts
admin-about-account-mails = Whether links to new passwords and the like have left
account-mails-lead = Kept for 90 days. What the links in them say is known to their receivers alone.
account-mails-not-connected = No mail server is configured: nobody gets these mails, and nobody can set a new password by mail.
account-mails-empty = Nobody has asked for a new password or registered, and nobody has changed theirs.
account-mails-written = Written
account-mails-uid = Mail
account-mail-hidden = The secret of a link is not shown here, and cannot be: it is kept nowhere.
account-mail-password-reset = Link to a new password
account-mail-password-changed = Password changed
account-mail-address-changed = Address changed
account-mail-registration-proof = Link of a registration
account-mail-registration-known = Registration with a known address
account-mail-registration-name-taken = Registration with a taken name

## Search, palette and keys

search-title = Search
search-everywhere = Search everything
search-what = What are you looking for?
search-do = Search
search-tips = What can be found
search-tip-number = A task by its number:
search-tip-key = A task by its key in the issue tracker:
search-tip-words = A task by words of its title or description, among the newest 100,000
search-tip-people = A person by a part of the name
search-tip-places = A page by its name
search-own-only = You find the tasks that you have or have written.
search-none-title = Nothing found
search-none-text = Nothing that you may see has “{ $words }” in it. Try fewer letters, or the number of the task.
search-count = { $count ->
    [0] Nothing found
    [one] { $count } found
   *[other] { $count } found
}
search-tasks = Tasks, the best match first
search-people = People
search-places = Pages
search-more = Only the first { $count } are shown. The rest:
search-person = person
search-act = action
search-place = page
palette-title = Commands and search
palette-hint = A page, a task, a person…
palette-lost = No answer just now. Enter leads to the search page.
close = Close
shortcuts-title = Keyboard shortcuts
shortcuts-setting-hint = Single keys that do something while nothing is being typed. Switch them off if you work by voice or hit keys unawares.
default-filters = Where lists begin
default-filters-hint = Filters, orders and columns that you keep for your lists. They are part of your account, not of this browser.
flash-default-filter-kept = This list begins so for you from now on.
flash-default-filter-forgotten = This list begins whole again.
shortcuts-on = On
shortcuts-off = Off
key-help = These keys
key-filter = To the filter of the list, or to the search
key-palette = Commands and search; also while typing
key-row = Next and previous row
key-open = Open the row
key-complete = Complete the task of the row, or the task of the page
key-live = Pause or resume live updates
key-back = Close what is open, or back to the list
keys-by-role = For those who may go there.
keys-when = Keys do nothing while you type into a field. They can be switched off:
live-pause = Pause live updates

## Help

help-title = Help
help-lead = How tasks become money at this company.
help-tasks = Tasks
help-tasks-drawn = Anybody creates tasks. Each is drawn at once, by chance, to somebody of the company who is neither manager nor administrator. Nobody chooses who gets it.
help-tasks-price = Then it is priced, once and for ever: a fee and a reward, both by chance. Until that it is “saving”; after that it is open.
help-tasks-done = Whoever has an open task completes it with one press. A task that is done stays done.
help-money = Money
help-fee = Charged to you each time a task comes to you: from { $min } to { $max }. The price belongs to the task and does not change.
help-reward = Credited to you when you complete the task: from { $min } to { $max }.
help-payout-term = Payout
help-payout = When the day is over ({ $moment }), your whole balance is paid out if it is positive, and a mail tells you the sum. The next day begins at zero.
help-debt-term = Debt
help-debt = A negative balance is not paid and not forgiven: it goes over into the next day, and what you earn then pays it off first.
help-shuffle = Shuffle
help-shuffle-what = A manager or an administrator may shuffle: every open task is drawn anew, and each person who gets one is charged its fee — also who gets back what they had. What was charged before stays charged.
help-shuffle-fair = The draw can be recomputed by anybody: its commitment is shown before, its seed after.
help-example = A worked example
help-example-lead = Two days of Kesha, with fees and rewards as they may come out here.
help-example-caption = Two days, step by step
help-example-what = What happens
help-example-amount = Amount
help-example-balance = Balance
help-step-drawn = Task { $task } is drawn to Kesha: its fee
help-step-done = Kesha completes task { $task }: its reward
help-step-shuffled = A shuffle: task B goes to Anna, what was charged for it stays charged; task C comes back to Kesha: its fee once more
help-step-shuffled-more = The same shuffle: task D comes to Kesha: its fee
help-step-midnight = The day is over
help-step-paid = { $moment }: the balance is paid out
help-step-carried = { $moment }: nothing is paid, the debt goes over
help-more = More
help-ask = If a number looks wrong to you, ask an accountant of your company: every line of your account tells where it comes from.
accessibility-title = Accessibility
accessibility-aim = These pages are built to WCAG 2.2, level AA, and checked against it with each change.
accessibility-works = What you can rely on
accessibility-keyboard = Everything works with a keyboard alone; where you are is always visible. There are also
accessibility-scripts = Everything works without scripts. Live parts then read the page again by themselves.
accessibility-zoom = Pages fit 320 pixels of width and 400 % zoom without scrolling sideways; only wide tables scroll inside themselves.
accessibility-colour = Nothing is told by colour alone: amounts have signs, states have words. There are light and dark colours, and your system's own are respected.
accessibility-motion = What moves, moves only if your system allows it. Nothing blinks.
accessibility-voice = Messages reach screen readers as they appear and stay until you leave. Progress is told in tenths, and not faster than every five seconds.
accessibility-time = Nothing has to be done quickly. A session ends after a pause, and says so.
accessibility-limits = What is not there yet
accessibility-limit-beak = Drawing with the beak is one way to log in and needs fine movement; its pad works with the keyboard too, and a password does the same.
accessibility-limit-tables = On paper, very long tables run over several sheets.
accessibility-tell = Something in the way?
accessibility-tell-text = Tell an administrator of your company; the number at the bottom of an error page helps to find what happened.
## Admin section: health, schedule, system

nav-schedule = Schedule
nav-system = System
admin-about-schedule = Every job: when it comes, how its last turn went, running it by hand.
admin-about-system = Version, settings, database, and when all was verified last.
admin-quiet = Nothing needs you.
admin-health = How the house is
admin-latest = The latest acts
admin-latest-caption = The five last entries of the audit, the newest first
admin-latest-none = Nothing has been done yet.
admin-places = Places
tile-ok = fine
tile-wait = look
tile-bad = act
tile-since = Since { $at }
tile-stop = Emergency stop
tile-stop-on = Set
tile-stop-off = Not set
tile-stop-fine = Money and tasks are written.
tile-books = Checks that fail
tile-events = Events waiting
tile-events-since = A running consumer has not dealt with what was recorded at { $at }.
tile-events-fine = No consumer that runs is behind for more than a minute.
tile-parked = Dead letters
tile-parked-note = { $count ->
    [0] Nothing is being tried again.
    [one] { $count } item is tried again or waits behind one.
   *[other] { $count } items are tried again or wait behind one.
}
tile-modules = Paused modules
tile-modules-fine = All consumers run.
tile-payouts = Last settled day
tile-payouts-none = No day was settled yet.
tile-payouts-note = { $count ->
    [0] Nobody was paid.
    [one] { $count } person was paid { $total }.
   *[other] { $count } people were paid { $total } in all.
}
tile-payouts-open = { $count ->
    [one] { $count } day is over and not closed.
   *[other] { $count } days are over and not closed.
}
tile-mails = Mails given up
tile-mails-note = { $count ->
    [0] In the last seven days; none waits.
    [one] In the last seven days; { $count } more waits.
   *[other] In the last seven days; { $count } more wait.
}
tile-jobs = Jobs that failed
tile-jobs-fine = The last turn of a job was at { $at }.
tile-jobs-silent = No job has had a turn since { $at }: no process with workers seems to run.
tile-jobs-never = No job has had a turn yet.
schedule-lead = The bell rings every { $seconds } seconds; whether a job has anything to do is decided from the business date in { $zone } and from what ran already.
schedule-caption = Every job, in the order in which they run
schedule-when = When
schedule-time = Took
schedule-every-bell = every { $seconds } s
schedule-daily = daily at { $at } ({ $zone })
schedule-took = { $seconds } s
schedule-by-hand = by hand: { $name }
schedule-run = Run now
schedule-begun = { $job } has begun.
schedule-overlap = This job runs already. Wait until it ends.
schedule-state-done = done
schedule-state-failed = failed
schedule-state-running = running
schedule-state-lost = never ended
schedule-state-never = never ran
job-seal = Seals the log up to each date that was closed
job-mails = Writes the mails of closed dates
job-keys = Forgets keys of requests that are older than a week
system-about = What runs here
system-version = Version
system-time = Now
system-standby = a standby, the pages are read from it
system-behind = Behind its primary by
system-not-behind = nothing
system-followers = Standbys that follow
system-follower-behind = the last of them { $seconds } s behind
system-verified = Last verification
system-doctor = The doctor looked at log, cursors and ledger:
system-workers = Workers of this process
system-worker = Worker
system-worker-up = up
system-worker-stopped = waits for the release of the stop
system-worker-failed = failed
system-migrations = Migrations
system-migrations-count = { $count ->
    [one] { $count } migration was applied; the last:
   *[other] { $count } migrations were applied; the last:
}
system-size = Size of the database
system-size-caption = What each module takes with its indexes, the largest first
system-schema = Schema
system-tables = Tables
system-bytes = Size
system-settings = Settings
system-settings-caption = Every setting as it is in force; passwords and keys are hidden
system-key = Key
system-value = Value
system-default = Default
system-is-set = set

## The settings

setting-database-url = address of the Postgres server, several hosts allowed; `ates demo` starts a private one when it is empty
setting-ates-database-read-url = address that the read-only pages use, such as a standby; empty: the same as `DATABASE_URL`
setting-ates-database-read-for = which pages use that address: `all`, or those of `analytics` alone
setting-ates-read-own-writes-seconds = how long at most somebody who has changed something reads the primary instead, until the standby has it too, seconds
setting-ates-bind = address and port to listen on
setting-ates-metrics-bind = address and port for scrapers of `/metrics`; empty: no metrics
setting-ates-base-url = the address people use; `https` makes cookies Secure; empty: `http://` and `ATES_BIND`
setting-ates-smtp-url = mail server as `smtp://user:password@host:port` (`smtps://` for TLS); empty: mails are kept and shown in the admin section
setting-ates-mail-from = sender of all mails
setting-ates-timezone = IANA zone in which the business day begins and ends
setting-ates-payout-at = time of day, in that zone, from which the day before may be settled
setting-ates-currency = currency code shown with amounts and used in exports
setting-ates-payout-debtor-name = name of the company in payment files; empty, with the next two: no payment files
setting-ates-payout-debtor-iban = the company's account from which payouts are paid; its check digits are verified
setting-ates-payout-debtor-bic = BIC of the company's bank; empty: the file says that it is not provided
setting-ates-fee-min = lowest assignment fee, whole currency units
setting-ates-fee-max = highest assignment fee, whole currency units
setting-ates-reward-min = lowest completion reward, whole currency units
setting-ates-reward-max = highest completion reward, whole currency units
setting-ates-web-pool = database connections for requests that write
setting-ates-worker-pool = database connections for the bus, the jobs and the mail worker
setting-ates-read-pool = database connections for pages that only read
setting-ates-start-wait-seconds = how long `ates serve` and `ates demo` wait at their start for a database that is away or not ready yet, seconds
setting-ates-pool-wait-ms = how long a request waits for a connection before it is answered 503, milliseconds
setting-ates-request-deadline-seconds = how long a request waits for the work of the database before it is answered 503, seconds
setting-ates-part-deadline-ms = how long each statement of a part of a page may take before the page is answered without that part, milliseconds
setting-ates-report-cache-seconds = how long the answer of an expensive report is kept for the person who asked, unless they change something, seconds; 0: never
setting-ates-web-statement-timeout-ms = limit of one statement of a request, milliseconds
setting-ates-worker-statement-timeout-ms = limit of one statement of a worker, milliseconds
setting-ates-session-idle-seconds = a browser session ends after so long without a request, seconds
setting-ates-session-absolute-seconds = a browser session ends so long after the log-in, seconds
setting-ates-access-token-seconds = life of an access token, seconds
setting-ates-second-factor-roles = roles whose people must set up a second factor before they get to anything, separated by commas; empty: nobody must
setting-ates-beak-log-in = whether people may log in with the shape of their beak in place of the password (docs/CREDENTIALS.md); `ates demo` always lets them
setting-ates-api-viewer = whether people who are logged in may look at the API's document in a viewer at `/docs/api/`; `ates demo` always shows it
setting-ates-login-burst = wrong log-ins that one source address may have at once, an IPv6 /64 counts as one; a further try is answered 429; 0: no limit
setting-ates-login-refill-seconds = time in which a source address gets one more try to log in, seconds
setting-ates-oidc-issuer = issuer of the company's own OpenID Connect provider, at which people may log in; empty: none
setting-ates-oidc-client-id = the name under which this installation is registered there
setting-ates-oidc-client-secret = its secret there; empty for a client without one, which PKCE alone protects
setting-ates-oidc-scopes = what is asked for there, separated by spaces
setting-ates-oidc-label = what stands on the button of the log-in page; empty: words of the page's language
setting-ates-oidc-link-by-email = whether somebody who comes from there for the first time gets the active account of their verified address
setting-ates-oidc-create-role = role of an account that is made for somebody unknown who comes from there: other, developer or boss; empty: none is made
setting-ates-bell-seconds = how often the scheduler looks for due jobs, seconds
setting-ates-sweep-after-seconds = age at which an unpriced task or an unbooked assignment is picked up by the sweep, seconds
setting-ates-scenario-seconds = time within which each step of a planned scenario must follow the one before, seconds; then an alert is raised
setting-ates-reconcile-seconds = how often the reconciler compares the books; it rests longer when a round takes more than a quarter of this, seconds
setting-ates-mail-retry-seconds = how long a mail is retried before it is marked failed, seconds
setting-ates-mail-timeout-seconds = how long the mail server may take for each answer, seconds
setting-ates-statement-mails = whether those who are paid nothing for a day get their statement by mail too
setting-ates-event-retry-max-seconds = longest pause between two tries of an event that failed; the first is one second, each is twice the last, seconds
setting-ates-event-page = events that a subscriber takes in one transaction at most
setting-ates-lag-warning-events = a subscriber that is further behind than this is warned about, on the operator's pages and each minute in the log, events
setting-ates-shuffle-queue = shuffles that may wait; a further press is answered 429
setting-ates-shuffle-chunk = tasks that a shuffle moves in one transaction; at most 250 while people create and complete tasks
setting-ates-payout-chunk = accounts that a settlement looks at in one transaction
setting-ates-relay-nats-url = NATS servers with JetStream that every event is relayed to, as `nats://user:password@host:port` (`tls://` for TLS, several separated by commas); empty: no relay
setting-ates-relay-stream = name of the JetStream stream that the relay writes into; made when it is missing
setting-ates-relay-prefix = what the relay's subjects begin with: `<prefix>.<type>`
setting-ates-webhooks = targets that events are sent to, parted by semicolons: `NAME ADDRESS SECRET TYPES`, TYPES separated by commas, without TYPES all of them (docs/API.md); empty: none
setting-ates-requests-at-once = requests that are worked on at the same time; further ones wait for their turn as long as for a connection
setting-ates-requests-waiting = requests that may wait for their turn; a further one is answered 503 at once
setting-ates-live-streams = pages that may be kept up to date at the same time; further ones are read again every two seconds
setting-ates-feed-readers = readers of the event feed that may wait or be streamed to at the same time; a further one is answered 503
setting-ates-archive-after-months = age from which months of the ledger, the journal and the log are moved to the archive, whole months
setting-ates-archive-tablespace = tablespace of the files of the archive, made beforehand; empty: they stay where they are
setting-ates-limit-creations-per-day = tasks that one user may create on one business day; a further one is answered 429; 0: no limit
setting-ates-limit-completion-age-seconds = age that a task must have before it can be completed, a younger one is answered 409, seconds; 0: no limit
setting-ates-limit-presses-per-day = shuffles that one user may press on one business day; a further press is answered 429; 0: no limit
setting-ates-public-board = whether everyone may see all tasks and who has them
setting-ates-status-words = what people read for a task that is open and one that is done: `plain`, or `birds` for a bird in the cage and millet in the bowl; data and API stay as they are
setting-ates-self-registration = whether people may register themselves; their address is proven by mail before the account is made
setting-ates-registration-domains = domains of the addresses with which people may register themselves, separated by commas; empty: any
setting-ates-registration-role = role of those who register themselves: developer, boss or other
setting-ates-first-run-setup = whether an installation without an administrator leads its visitors to /setup, where the code from the log makes the first one
setting-ates-trusted-proxies = addresses of proxies whose X-Forwarded-For is believed, separated by commas
setting-ates-log = form of the log lines on standard output: json or pretty
setting-ates-server = address of a remote aTES for the commands that speak to one, such as `ates task list`; `--server` wins over it
setting-ates-pg-bindir = where `ates demo` finds initdb and postgres; empty: it looks in the usual places
setting-ates-pg-user = the user that the private Postgres runs as when `ates demo` is started by root

## Feeds

feeds-title = Feeds and calendar
feeds-lead = Addresses for programs that cannot log in, such as a feed reader or a calendar. Whoever has an address can read what it tells, and nothing else: keep it to yourself.
feed-tasks = My open tasks (Atom)
feed-tasks-about = Number, title and state of your open tasks, for a feed reader.
feed-payouts = My payouts (calendar)
feed-payouts-about = The days for which you were paid with the sums, and the next payout, for a calendar.
feed-fresh = Your new address
feed-fresh-hint = It is shown this once. An address that you had before has ended.
feed-none = There is no address yet.
feed-make = Make an address
feed-make-again = Make a new address
feed-end = End this address
feeds-end-with = The addresses end too when you change your password, and when an administrator ends your sessions or deactivates you.
flash-feed-ended = The address has ended.
feed-atom-title = aTES: my open tasks
feed-calendar-name = aTES: my payouts
feed-paid = Payout for { $date }: { $sum }
feed-next = Payout for { $date }
feed-next-about = When the day is over, your balance is paid out if it is positive.
