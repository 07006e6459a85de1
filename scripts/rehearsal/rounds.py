"""A round through the house: one door of each part, so that "everything else works" is looked at and not supposed."""

# Nobody waits longer for an answer, in one of three rounds, seconds.
SOON = 5


def at(house, *left_out):
    """What each door answers; those of parts that are known to be down are left out."""
    doors = {
        "log-in": lambda: house.kesha.ask_token(),
        "/tasks": lambda: house.kesha.page("/tasks"),
        "/tasks/all": lambda: house.boss.page("/tasks/all"),
        "create": lambda: house.kesha.api("POST", "/api/v1/tasks", {"title": "Count the feathers"}),
        "/account": lambda: house.kesha.page("/account"),
        "balance": lambda: house.kesha.get("/api/v1/accounting/balance"),
        "/accounting": lambda: house.buh.page("/accounting"),
        "/analytics": lambda: house.root.page("/analytics"),
        "/admin": lambda: house.root.page("/admin"),
        "/admin/users": lambda: house.root.page("/admin/users"),
    }
    return {name: ask() for name, ask in doors.items() if name not in left_out}


def all_work(house, stage, *left_out):
    for _ in range(3):  # what else the machine did meanwhile is not the product's fault
        answers = at(house, *left_out)
        slowest = max(answer.took for answer in answers.values())
        if slowest < SOON:
            break
    kept = all(answer.status == 201 if name == "create" else answer.whole for name, answer in answers.items())
    said = ", ".join(f"{name} {answer.status}{'' if answer.whole or name == 'create' else ' in part'}" for name, answer in answers.items())
    stage.saw(f"everything else: {said}; the slowest took {slowest:.2f} s", kept and slowest < SOON)


def refuses(stage, what, answer, words=None):
    """A change that is refused as unavailable, with a time to come again and the reason."""
    kept = answer.status == 503 and bool(answer.retry_after) and (words is None or words in answer.words)
    stage.saw(f"{what}: {answer}", kept)
