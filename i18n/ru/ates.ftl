### Всё, что читают люди. Те же имена стоят в en/ates.ftl; тест сравнивает оба файла.

## The frame of every page

skip-to-content = К содержанию
section-navigation = Разделы администрирования
main-navigation = Главное меню
language = Язык
theme = Тема
theme-auto = Как в системе
theme-light = Светлая
theme-dark = Тёмная
preferences = Язык и тема
profile = Мой профиль
log-out = Выйти
demo-notice = Демо: компания, люди и деньги вымышлены.
zone-notice = Время указано по часовому поясу { $zone }.
home = На главную

## Forms

error-summary-title = { $count ->
    [one] Есть ошибка
    [few] Есть { $count } ошибки
   *[other] Есть { $count } ошибок
}
error-prefix = Ошибка:

## Lists

pager = Страницы списка
newer = Новее
older = Старше
first-page = К началу
filter = Показать
none-found-title = Ничего не нашлось
none-found-text = В этом списке ничего не подходит под фильтр. Уберите часть условий или очистите его.
filters-on = Включённые фильтры
filter-remove = Убрать фильтр:
rows-shown = Строк сразу:
clear-filter = Сбросить фильтр
default-filter-keep = Всегда начинать так
default-filter-on = С этого начинается список у вас.
default-filter-show = Показать мой фильтр
default-filter-forget = Забыть мой фильтр
default-filter-forget-of = Забыть мой фильтр списка «{ $list }»
list-shown = { $from }–{ $to } из { $all }
list-shown-over = { $from }–{ $to } из более чем { $bound }
download-csv = Скачать CSV
download-xlsx = Скачать XLSX
download-hledger = Журнал для hledger
download-beancount = Журнал для beancount
xlsx-about = О файле
xlsx-what = Что это
xlsx-times = UTC

## Части страниц

part-unavailable = { $what }: сейчас недоступно. Остальное на странице — полностью.
part-figure-unavailable = сейчас недоступно
account-titles = Названия задач
company-agreement = Сверка книг
company-figures = Показатели компании
purse-title = Ваши деньги
purse-balance = Баланс
purse-open = Открыто
    .birds = В клетке
purse-earned-today = Сегодня

## Errors: headings

error-title-bad-request = Непонятный запрос
error-title-unauthenticated = Войдите в систему
error-title-forbidden = Нет доступа
error-title-not-found = Здесь ничего нет
error-title-conflict = Пока вы смотрели, всё изменилось
error-title-gone = Этого больше нет
error-title-invalid-input = Что-то заполнено неверно
error-title-too-many-requests = Слишком часто
error-title-internal = У нас что-то сломалось
error-title-unavailable = Сейчас недоступно

## Errors: what to do

error-bad-request = Сервер не смог прочитать запрос. Вернитесь назад и попробуйте ещё раз.
error-unauthenticated = Войдите, чтобы продолжить.
error-forbidden = Ваши роли этого не позволяют. Если должны, обратитесь к администратору.
error-not-found = Такой страницы нет, или она не для вас. Проверьте адрес или вернитесь на главную.
error-method-not-allowed = По этому адресу такие запросы не принимаются.
error-invalid-input = Исправьте указанные ниже поля и отправьте ещё раз.
error-too-slow = Запрос приходил слишком долго. Попробуйте ещё раз.
error-too-large = Отправлено слишком много данных.
error-unsupported-media-type = Сервер не читает данные такого типа.
error-too-many-requests = Слишком часто. Немного подождите и попробуйте ещё раз.
error-unavailable = Сейчас система не может этого сделать. Ничего не изменилось; попробуйте чуть позже.
error-internal = Это наша ошибка, она записана. Попробуйте ещё раз; если не поможет, сообщите администратору номер запроса.
error-overloaded = Сейчас запросов больше, чем можно обслужить. Ничего не изменилось; попробуйте через несколько секунд.
error-database-away = База данных сейчас не отвечает. Ничего не изменилось; попробуйте через несколько секунд.
error-title-read-only = Сейчас только просмотр
error-read-only = Основная база данных недоступна, поэтому сейчас ничего нельзя изменить; страницы показывают то, что есть в копии. Ничего не изменилось. Попробуйте через несколько минут.
error-read-only-process = Этот адрес только для просмотра. Внесите изменение по обычному адресу компании.
error-standby-behind = Копия базы данных слишком отстала, чтобы сказать, кому что можно видеть. Попробуйте через несколько секунд.
error-database-silent = База данных не ответила вовремя. Прежде чем повторять, посмотрите, не сделано ли уже.
banner-read-only = Основная база данных недоступна. Можно смотреть всё, как было только что; изменения не принимаются, пока она не вернётся.
banner-read-only-process = Этот адрес только для просмотра: изменения вносятся по обычному адресу компании.
error-https-required = Этот сайт доступен только по https. Отправленное прошло по открытому каналу; если там был пароль, смените его.
error-auth-away = Авторизация сейчас недоступна: войти нельзя, и в учётных записях ничего не изменить. Попробуйте через несколько минут.
error-in-flight = Такой же запрос ещё выполняется. Повторите чуть позже.
field-idempotency-key = Нужно от 1 до 255 видимых символов ASCII без пробелов.
field-idempotency-key-reused = Этот ключ уже был отправлен с другим телом. Для нового запроса возьмите новый ключ.
error-address-by-script = Токеном скрипта адрес не изменить. Войдите сами.
error-form-expired = Форма устарела, или с тех пор сменился сеанс. Откройте страницу заново и отправьте форму ещё раз.
error-form-already-sent = Эта форма уже отправлена и ещё обрабатывается. Прежде чем отправлять снова, посмотрите список.
error-cross-site = Запрос пришёл не со страницы aTES, поэтому он не выполнен.
error-try-again-in = Попробуйте через { $seconds ->
    [one] { $seconds } секунду
    [few] { $seconds } секунды
   *[other] { $seconds } секунд
}.
error-tokens-of-services-only = Свои токены каждый создаёт сам; вы можете создать токен только сервису
flash-session-ended = Вы больше не в системе, поэтому ничего не отправлено. Войдите и повторите.
error-request-number = Номер запроса
copy-link = Скопировать ссылку
copy-text = Скопировать
copied = Скопировано.

## Errors in fields

field-required = Заполните это поле
field-not-understood = Это поле неизвестно, пропущено или заполнено не так
field-sort-unknown = Такого порядка нет: слово «sort» в адресе не называет столбца этого списка
field-whole-units = Введите целое число без знака, например 25
field-sort-too-many = Столько задач по цене не упорядочить: сначала выберите открытые, исполнителя или не больше 31 дня создания
field-control-characters = Управляющие символы недопустимы
field-wait = Ожидание: число секунд от 0 до 25
field-seq = Это не номер в журнале событий
field-limit = Предел: число от 1 до 100
field-cursor = В этом списке нет такого места

### tasks

nav-my-tasks = Мои задачи
nav-all-tasks = Все задачи
nav-shuffles = Перемешивания

task-status-saving = Сохраняем
task-status-open = открыта
    .birds = птичка в клетке
task-status-done = готово
    .birds = просо в миске

## My tasks

tasks-mine-title = Мои задачи
tasks-open-count = открыто: { $count }
    .birds = птичек в клетке: { $count }
tasks-new = Новая задача
tasks-not-for-your-role = С вашей ролью задачи не достаются: их получают все, кроме менеджеров и администраторов.
tasks-tab-open = К выполнению
    .birds = Птички в клетке
tasks-tab-done = Готовые
    .birds = Просо в миске
tasks-none-title = Делать нечего
tasks-none-text = Когда кто-нибудь создаст задачу или перемешает открытые, что-то может достаться вам. А пока отдыхайте на жёрдочке.
tasks-none-done-title = Пока ничего не сделано
tasks-none-done-text = Здесь будут задачи, которые вы выполнили, и сколько вы за них получили.
tasks-caption-mine = Что нужно сделать, сначала новые
tasks-caption-done = Что вы сделали, сначала новые задачи
tasks-done-today = Сделано сегодня
    .birds = Сегодня просо в миске
tasks-caption-done-today = Что вы сделали сегодня, сначала последние
tasks-task = Задача
tasks-status = Статус
tasks-fee = Списано
tasks-reward = Награда
tasks-credited = Начислено
tasks-completed = Выполнена
tasks-action = Действие
tasks-complete = Выполнить
flash-task-completed = Готово: { $title }. Начислено { $reward }.
flash-see-account = Посмотреть счёт

## A new task, and changing one

tasks-new-title = Новая задача
tasks-new-lead = Кому она достанется, решит случай. Цена назначится сама.
tasks-edit-title = Изменить задачу
tasks-field-title = Название
tasks-field-title-hint = От 1 до 200 знаков, без квадратных скобок
tasks-field-jira-id = Номер в Jira (необязательно)
tasks-field-jira-id-hint = Например, UBERPOP-42
tasks-field-description = Описание
tasks-field-description-hint = Необязательно, до 10 000 знаков
tasks-create = Создать
tasks-save = Сохранить
tasks-cancel = Отмена
flash-task-created = Создана: { $title }. Досталась: { $name }.
flash-one-more-task = Ещё одна
flash-task-changed = Задача изменена.
field-title-empty = Дайте задаче название
field-title-too-long = В названии больше 200 знаков
field-title-brackets = В названии не должно быть квадратных скобок: для номера в Jira есть своё поле
field-jira-id-form = Номер в Jira выглядит так: UBERPOP-42
field-description-too-long = В описании больше 10 000 знаков
field-task-status = Статус бывает saving, open или done
error-nobody-eligible = Задачу некому отдать: вокруг одни менеджеры и администраторы. Сначала заведите кого-нибудь ещё.
error-task-reassigned = Не успели до перемешивания — извините. Теперь задача не ваша.
error-task-done = Задача уже готова, и это навсегда.
error-task-saving = Задача ещё сохраняется: у неё пока нет цены. Попробуйте через мгновение.
error-task-changed = Задача только что изменилась. Посмотрите на неё и попробуйте ещё раз.

## One task

tasks-facts = О задаче
tasks-edit = Изменить
tasks-assignee = Исполнитель
tasks-author = Кто создал
tasks-created = Создана
tasks-changed = Изменена
tasks-uid = Идентификатор
tasks-number = Номер
tasks-jira-id = Номер в Jira
tasks-price-later = когда сохранится
journal-title = Что происходило
journal-created = Создание: { $actor }
journal-assigned = Досталась: { $to }
journal-reassigned = { $from } больше не получает задач; теперь исполнитель — { $to }
journal-shuffled = Перемешивание { $run } ({ $actor }): { $from } → { $to }
journal-completed = Готово: { $actor }
journal-opened = Цена назначена, задача сохранена
journal-ledger = В журнале счёта
journal-edited = Изменения: { $fields } ({ $actor })
journal-field-title = название
journal-field-jira-id = номер в Jira
journal-field-description = описание

## All tasks

tasks-all-title = Все задачи
tasks-shuffle-button = { $count ->
    [one] Перемешать { $count } открытую задачу
    [few] Перемешать { $count } открытые задачи
   *[other] Перемешать { $count } открытых задач
}
tasks-filter-text = Название, номер в Jira или номер
tasks-filter-any = Любой
tasks-filter-anyone = Кто угодно
tasks-caption-all = Задачи и их исполнители, сначала новые
tasks-caption-all-oldest = Задачи и их исполнители, сначала старые
tasks-caption-all-fee-down = Задачи и их исполнители, сначала с большим списанием
tasks-caption-all-fee-up = Задачи и их исполнители, сначала с меньшим списанием
tasks-caption-all-reward-down = Задачи и их исполнители, сначала с большей наградой
tasks-caption-all-reward-up = Задачи и их исполнители, сначала с меньшей наградой
tasks-created-from = Созданы с
tasks-created-to = Созданы по
tasks-reward-from = Награда от
tasks-reward-to = Награда до
tasks-fee-from = Списание от
tasks-fee-to = Списание до
tasks-assigned-from = Назначены с
tasks-assigned-to = Назначены по
tasks-filter-more = Даты и цены
tasks-chip-created = созданы с { $from } по { $to }
tasks-chip-reward-from = награда от { $amount }
tasks-chip-reward-to = награда до { $amount }
tasks-chip-assigned = назначены с { $from } по { $to }
tasks-chip-fee-from = списание от { $amount }
tasks-chip-fee-to = списание до { $amount }
tasks-all-none-title = Задач пока нет
tasks-all-none-text = Создайте первую или загрузите задачи из файла.
tasks-loads = Открытые задачи по исполнителям
tasks-loads-open = Открытых задач
    .birds = Птичек в клетке
tasks-caption-loads = Сколько у кого открытых задач: случай не знает квот

## Shuffles

shuffles-title = Перемешивания
shuffles-caption = Перемешивания, сначала последние
shuffles-none-title = Ещё не перемешивали
shuffles-none-text = Перемешивание раздаёт все открытые задачи случайным образом.
shuffle-new = Перемешать
shuffle-new-title = Перемешать открытые задачи
shuffle-title = Перемешивание { $number }
shuffle-number = Перемешивание
shuffle-tasks = { $tasks ->
    [one] { $tasks } открытая задача достанется
    [few] { $tasks } открытые задачи достанутся
   *[other] { $tasks } открытых задач достанутся
} кому-то случайно,
shuffle-people = выбор — из { $people ->
    [one] { $people } сотрудника
   *[other] { $people } сотрудников
}: всех, кроме менеджеров и администраторов.
shuffle-expected = Всего спишется от { $min } до { $max }.
shuffle-consequence = За каждое назначение списывается плата за задачу, от { $min } до { $max }, даже если задача останется у того же исполнителя. Отменить это нельзя.
shuffle-nothing-open = Открытых задач нет: перемешивать нечего.
shuffle-last = Последнее:
shuffle-waiting = { $count ->
    [one] Перед этим ждёт { $count } перемешивание.
    [few] Перед этим ждут { $count } перемешивания.
   *[other] Перед этим ждут { $count } перемешиваний.
}
shuffle-state-queued = ждёт
shuffle-state-running = идёт
shuffle-state-done = закончено
shuffle-progress = Ход
shuffle-done-of = задач: { $done } из { $total }
shuffle-moved = Задач
shuffle-tally = { $done } / { $total }
shuffle-not-moved = { $count ->
    [one] { $count } задачу за это время выполнили, или её некому было отдать.
    [few] { $count } задачи за это время выполнили, или их некому было отдать.
   *[other] { $count } задач за это время выполнили, или их некому было отдать.
}
shuffle-pressed-by = Кто нажал
shuffle-pressed-at = Когда нажали
shuffle-finished-at = Закончено
shuffle-pace = { $rate ->
    [one] { $rate } задача
    [few] { $rate } задачи
   *[other] { $rate } задач
} в секунду, осталось около { $seconds ->
    [one] { $seconds } секунды
   *[other] { $seconds } секунд
}
shuffle-pace-slow = { $rate ->
    [0] меньше одной задачи
    [one] { $rate } задача
    [few] { $rate } задачи
   *[other] { $rate } задач
} в минуту, осталось около { $minutes ->
    [one] { $minutes } минуты
   *[other] { $minutes } минут
}
shuffle-fair-title = Было ли это честно?
shuffle-fair-commitment = Кому какая задача достанется, следует из тайного числа — зерна, которое выбрано при нажатии. Его отпечаток (SHA-256) показан с самого нажатия, а само зерно — в конце: поэтому никто не мог знать жребий заранее и никто не мог подменить зерно потом.
shuffle-commitment = Отпечаток
shuffle-seed = Зерно
shuffle-seed-secret = тайна до конца
shuffle-fair-how = Чтобы проверить задачу вручную: возьмите SHA-256 от 32 байт зерна, за которыми идут 16 байт идентификатора задачи; первые 8 байт прочтите как целое число, старший байт первый; умножьте его на число людей в списке и разделите на 2^64 без остатка. Получится место в списке, считая от 0, — тот, кому достаётся задача.
shuffle-fair-command = Оператор повторяет весь жребий командой
shuffle-draw-file = Все назначения (CSV)
shuffle-people-file = Кто участвовал в жребии (CSV)
shuffle-shares = Кому сколько досталось
shuffle-shares-caption = Задачи этого перемешивания по сотрудникам, сначала больше всего
shuffle-shares-more = Первые { $count } человек; в файле назначений есть все.
shuffle-list = Список
shuffle-place = Место
shuffle-task-uid = Задача (uid)
shuffle-from-uid = От кого (uid)
shuffle-to-uid = Кому (uid)
shuffle-person-uid = Сотрудник (uid)
error-shuffle-not-finished = Это перемешивание ещё не закончено; до конца его зерно — тайна.
live-lost = Связь потеряна; пробуем снова.
shuffle-state-stalled = застряло
shuffle-stalled = Ничего не движется с { $at }. Оно продолжится само, когда снова заработают фоновые процессы; что случилось, администратор видит в администрировании.
shuffle-state-stopped = остановлено
shuffle-stopped = Стоит из-за аварийной остановки. Оно продолжится само, когда администратор её снимет.
error-feed-full = Сейчас событий ждёт слишком много читателей. Повторите через несколько секунд.
error-feed-gone = События до номера { $before } больше не хранятся. Спросите с { $ask } или больше, а недостающее возьмите из резервной копии.
error-live-full = Сейчас обновляется слишком много страниц. Прочтите эту ещё раз через несколько секунд.
error-shuffle-queue-full = Уже ждёт слишком много перемешиваний. Попробуйте, когда часть из них закончится.
limit-creations-per-day = За день можно создать не больше задач, чем { $limit }. Следующую — с { $at }.
limit-completion-age = Задачу нельзя выполнить раньше, чем через { $seconds } с после создания. Эту — с { $at }.
limit-presses-per-day = За день можно перемешать не больше раз, чем { $limit }. Снова — с { $at }.
# analytics

nav-analytics = Аналитика
analytics-title = Аналитика
analytics-earned-today = Заработано сегодня
analytics-earned-week = Заработано за 7 дней
analytics-in-minus = Сейчас в минусе
analytics-dearest = Самая дорогая закрытая задача
analytics-dearest-today = Сегодня
analytics-dearest-week = На этой неделе
analytics-dearest-month = В этом месяце
analytics-no-closed-tasks = Закрытых задач нет
analytics-range = Промежуток
analytics-from = С
analytics-to = По
analytics-of-month = { $month ->
    [1] января
    [2] февраля
    [3] марта
    [4] апреля
    [5] мая
    [6] июня
    [7] июля
    [8] августа
    [9] сентября
    [10] октября
    [11] ноября
   *[12] декабря
}
analytics-by-day = Заработок по дням
analytics-by-day-caption = Списания за назначения минус награды за выполнение, каждый день выбранного промежутка, сначала новые
analytics-day = День
analytics-fees = Списания
analytics-rewards = Награды
analytics-earned = Заработано
analytics-in-minus-at-close = В минусе на закрытие
analytics-not-closed = не закрыт
analytics-not-begun = ещё ничего не было
analytics-nobody-in-minus = В минусе никого
analytics-nobody-in-minus-text = Все балансы не ниже нуля.
analytics-debtors-caption = { $count ->
    [one] У { $count } сотрудника баланс ниже нуля; сверху самые большие долги
   *[other] У { $count } сотрудников баланс ниже нуля; сверху самые большие долги
}
analytics-more-debtors = { $count ->
    [one] И ещё { $count }.
   *[other] И ещё { $count }.
}
analytics-all-debtors = Все
analytics-employee = Сотрудник
analytics-balance = Баланс
analytics-share = { $share } % из { $people }
analytics-dearest-tile = Самая дорогая из закрытых сегодня
analytics-dearest-range = Самая дорогая закрытая задача каждого дня
analytics-minus-by-day = Сколько человек в минусе на закрытие каждого дня
analytics-no-closed-days = В выбранном промежутке ещё нет закрытых дней.
analytics-as-of = По состоянию на { $at }
analytics-behind = Отстаёт: нет того, что произошло после { $at }
analytics-age-unknown = Насколько свежи цифры, сейчас неизвестно
analytics-error-range-too-long = Слишком длинный промежуток: не больше 366 дней
chart-table = Цифры таблицей
chart-trend-money = { $from } — { $to }: всего { $total }; больше всего { $highest-day }, { $highest }, меньше всего { $lowest-day }, { $lowest }.
chart-trend-count = { $from } — { $to }: больше всего { $highest-day }, { $highest }, меньше всего { $lowest-day }, { $lowest }.
total-of-days = { $count ->
    [one] Итого за { $count } показанный день
    [few] Итого за { $count } показанных дня
   *[many] Итого за { $count } показанных дней
}
analytics-error-period = Период — day, week или month
analytics-error-period-and-range = Укажите либо период, либо две даты

# operations

nav-modules = Модули
nav-checks = Проверки
modules-title = Модули
modules-subscribers = Подписчики
modules-subscribers-caption = Кто слушает события и докуда дошёл
modules-name = Имя
modules-state = Состояние
modules-position = Позиция
modules-lag = Отстаёт на
modules-waiting-since = Ждёт с
modules-parked = Отложено
modules-dead = Не разобрано
modules-action = Действие
modules-runs = работает
modules-fails = сбоит
modules-paused = на паузе
modules-has-dead = есть неразобранные
modules-has-parked = повторяет
modules-pause = Пауза
modules-paused-flash = { $name } на паузе. События ждут и не теряются.
modules-resumed-flash = { $name } продолжает с того же места.
modules-workers = Фоновые работники
modules-workers-caption = Работники процесса, который показал эту страницу
modules-no-workers = В этом процессе фоновых работников нет: они в другом.
modules-jobs = Задания по расписанию
modules-jobs-caption = Последние запуски, новые сверху
runs-caption-oldest = Запуски, старые сверху
runs-caption-job = Запуски по заданиям, от A до Z
runs-caption-job-down = Запуски по заданиям, от Z до A
modules-no-jobs = Ни одно задание ещё не запускалось.
modules-job = Задание
modules-run-key = За что
modules-run-started = Начато
modules-run-attempts = Попыток
modules-run-detail = Подробности
modules-run-done = готово
modules-run-waiting = ждёт
modules-run-failed = не вышло
checks-title = Проверки
checks-lead = Инварианты денег и событий проверяются всё время: каждый раз — новейшие даты и часть более старых, за сутки — все; у даты, где больше 100 000 операций, каждые сутки — другая часть задач.
checks-whole = Проверить всё сразу, с числом расхождений:
checks-round = Последняя проверка:
checks-swept = Все закрытые даты пройдены:
checks-never = Пока ничего не проверено.
checks-all-hold = Всё в порядке.
checks-asked-hold = Проверенное в порядке; проверено не всё.
checks-broken = { $count ->
    [one] Нарушен { $count } инвариант.
    [few] Нарушено { $count } инварианта.
   *[other] Нарушено { $count } инвариантов.
}
checks-caption = Что верно всегда и что этому противоречит
checks-number = №
checks-what-holds = Что верно
checks-kind = О чём
checks-money = деньги
checks-process = процесс
checks-result = Итог
checks-holds = верно
checks-held = было верно в последний раз
checks-unasked = ещё не проверено
checks-stopped = не проверяется, пока всё остановлено
checks-differs = нарушено
check-1 = У каждого перевода не меньше двух проводок, их сумма равна нулю, как и сумма всей книги
check-2 = Каждый показанный баланс равен сумме переводов сотрудника
check-3 = За каждое назначение списано ровно один раз, с того, кому досталось, по цене задачи
check-4 = Задача выполнена, только если за неё один раз начислено выполнившему по её цене; после этого её не назначают
check-5 = У одной причины одно действие каждого вида на задачу
check-6 = Ни задача, ни назначение, ни выполнение, ни событие не ждут дольше минуты
check-7 = За закрытый день каждому один раз выплачено всё, что было выше нуля на его закрытие
check-8 = В закрытый день ничего не записано
check-9 = На каждую выплату одно письмо, и у каждого письма свой Message-ID
check-10 = Ни одна роль программы не может менять книги и писать в таблицы чужого модуля
check-11 = Никому из тех, кто не получает задач, задача не досталась
check-12 = В каждом закрытом дне лежит ровно то, что запечатано, и печати составляют одну цепочку
## Auth

confirm-title = Это вы?
confirm-lead = У этого действия есть последствия. Введите пароль ещё раз: после этого оно выполнится, и пять минут вопроса больше не будет.
confirm-hint = Если пароля у вас нет, выйдите, войдите снова и повторите действие в течение пяти минут.
confirm-go-on = Подтвердить и продолжить
log-in = Войти
log-in-by-provider = Войти с учётной записью компании
username = Логин
username-or-email = Логин или почта
username-hint = От 3 до 40 латинских букв, цифр, точек, подчёркиваний и дефисов; начинается с буквы
email = Почта
password = Пароль
password-hint = Не меньше 15 любых знаков; можно предложение
old-password = Нынешний пароль
new-password = Новый пароль
change-password = Сменить пароль
mail-language = Язык писем
save = Сохранить
name = Имя
given-name = Имя
surname = Фамилия
role = Роль
roles = Роли
roles-caption = Для чего каждая роль и что она может сама по себе
roles-change-hint = Смена ролей завершает сеансы человека. Кто становится менеджером или администратором, отдаёт все открытые задачи.
description = Описание
permissions = Права
operation = Действие
access-table = Кому что можно
access-legend = ✓ можно, ○ только своё, + только с отдельным правом, – нельзя
state = Состояние
active = работает
deactivated = отключён
user-history = Что делали с этой записью за последние 30 дней
user-history-none = Ничего.
user-history-all = Всё в журнале аудита
deactivate = Отключить
deactivate-consequence = { $name }: сеансы завершатся сразу, новых задач не будет; открытые задачи перейдут к другим, и с них спишется плата. Счёт и все операции останутся.
search = Поиск
any = Любая
users-state-any = Любое
register = Зарегистрировать
new-user = Новый пользователь
nav-users = Люди
users-caption = Люди по логину
users-uid = Идентификатор
users-none = Никого
users-none-hint = Сбросьте отбор или зарегистрируйте кого-нибудь.
role-administrator = администратор
role-manager = менеджер
role-developer = разработчик
role-boss = начальник
role-accountant = бухгалтер
role-internalservice = внутренний сервис
role-other = другое
operation-log-in = Войти
operation-own-sessions = Свои сеансы
operation-public-keys = Открытые ключи и здоровье
operation-own-profile = Свой профиль
operation-own-tasks = Свои задачи
operation-all-tasks = Все задачи
operation-one-task = Одна задача
operation-create-task = Создать задачу
operation-edit-task = Изменить задачу
operation-complete-task = Завершить задачу
operation-shuffle = Перемешать
operation-own-money = Свой баланс и журнал
operation-company-earnings = Заработок компании
operation-company-transfers = Все операции
operation-payouts = Выплаты
operation-run-payouts = Закрыть просроченный день
operation-analytics = Аналитика
operation-manage-users = Люди и роли
operation-money-audit = Аудит денег
operation-security-audit = Аудит прав
operation-operate = Модули и события
operation-checks = Проверки
operation-event-feed = Лента событий
operation-api-document = Описание API
field-log-in-wrong = Неверное имя или пароль
field-password-wrong = Это не ваш нынешний пароль
field-password-short = В пароле должно быть не меньше { $min } знаков
field-password-long = В пароле может быть не больше { $max } знаков
field-password-own-name = В пароле не должно быть вашего имени или адреса
field-password-easy = Этот пароль слишком легко угадать
field-username-length = В логине от 3 до 40 знаков
field-username-characters = В логине могут быть латинские буквы, цифры, точки, подчёркивания и дефисы; начинается с буквы
field-username-taken = Такой логин уже занят
field-email-long = Адрес слишком длинный
field-email-form = Это не адрес почты
field-email-taken = Этот адрес уже занят
field-name-empty = Введите имя
field-name-long = В имени может быть не больше 80 знаков
field-name-characters = В имени не может быть управляющих и невидимых знаков, < и >
field-roles-unknown = Такой роли нет
field-roles-empty = Выберите хотя бы одну роль
error-log-in-busy = Сейчас входит слишком много людей. Попробуйте через несколько секунд.
error-log-in-throttled = Слишком много попыток. Попробуйте через { $seconds ->
    [one] { $seconds } секунду
    [few] { $seconds } секунды
   *[many] { $seconds } секунд
}.
error-provider-away = Вход компании сейчас недоступен. Войдите с паролем или попробуйте позже.
error-provider-refused = Войти с учётной записью компании не получилось. Попробуйте ещё раз отсюда.
error-provider-no-account = Для вас здесь нет действующей учётной записи. Обратитесь к администратору.
error-administrator-exists = Администратор уже есть
error-user-deactivated = Этот пользователь уже отключён
error-last-administrator = Это последний администратор; сначала назначьте другого
flash-logged-out = Вы вышли
flash-language-saved = Язык писем сохранён
flash-password-changed = Пароль сменён. Его надёжность: { $strength }
flash-user-registered = { $username } зарегистрирован
flash-user-saved = Сохранено
flash-user-deactivated = Отключён; открытые задачи переходят к другим
access = Сеансы и токены
sessions-caption = Где вы вошли
sessions-none = Открытых сеансов нет
session-device = Устройство
session-device-unknown = неизвестное устройство
session-place = Адрес
session-since = С какого времени
session-seen = Последнее действие
session-current = этот
session-api = API
end = Завершить
sessions-end-others = Завершить все остальные сеансы
sessions-end-all = Завершить все сеансы и токены
tokens = Токены ваших скриптов
tokens-hint = Скрипт показывает токен в заголовке «Authorization: Bearer …». Ему можно то, что вы выбрали, пока это можно вам самим.
tokens-caption = Действующие токены
token-fresh = Ваш новый токен
token-fresh-hint = Скопируйте его сейчас: больше он не будет показан.
token-scopes = Что ему можно
token-last-used = Последнее использование
token-ends = Действует до
never = ни разу
token-name = Название токена
token-name-hint = Например, название скрипта
token-days = На сколько дней
token-make = Создать токен
service-tokens = Ключи этого сервиса
service-tokens-hint = Как только ключ есть, пароль сервиса больше не открывает API.
permissions-own = Права сверх прав ролей
permission-can-see-all-tasks = Видеть все задачи и у кого они
permission-can-reassign-tasks = Перемешивать задачи
permission-can-see-company-money = Видеть деньги компании
permission-can-run-payouts = Закрывать просроченные дни
permission-can-see-analytics = Видеть аналитику
permission-can-manage-users = Управлять людьми
permission-can-operate = Управлять системой
scope-profile = Читать и менять ваш профиль
scope-tasks-read = Читать задачи
scope-tasks-write = Создавать, менять и завершать задачи
scope-shuffle = Перемешивать задачи
scope-account = Читать ваш баланс и журнал
scope-company-money = Читать деньги компании
scope-payouts = Закрывать просроченные дни
scope-analytics = Читать аналитику
scope-events = Читать все события
field-scope-beyond-rights = Что-то из этого вам самим нельзя
field-permission-opens-nothing = { $permission } ничего не открывает для этих ролей
field-meta = Метаданные — объект JSON не длиннее 4096 байт и без U+0000
error-too-many-tokens = Токенов уже { $most }; сначала завершите какой-нибудь
flash-other-sessions-ended = Все остальные сеансы завершены
flash-sessions-ended = Все сеансы и токены завершены
flash-token-revoked = Токен завершён
flash-token-made-before = Этот токен уже создан; показать его снова нельзя
## Second factors

credentials = Способы входа
credential-on = включено
second-step = Ещё один шаг
code = Код
code-hint = Шесть цифр, которые приложение показывает сейчас
code-or-recovery-hint = Шесть цифр из приложения-аутентификатора или один из резервных кодов
log-in-anew = Начать вход заново
totp = Приложение-аутентификатор
totp-hint = Приложение на телефоне показывает новый код каждые тридцать секунд. С ним один пароль ничего не откроет.
totp-begin = Подключить приложение
totp-scan = Отсканируйте это приложением:
totp-qr = QR-код с секретом для приложения; тот же секрет ниже текстом
totp-type = Или введите этот секрет вручную, или откройте его на этом устройстве:
totp-open = Открыть в приложении на этом устройстве
totp-confirm = Включить
totp-another = Создать другой секрет
totp-remove = Отключить приложение
totp-remove-hint = Без него для входа снова хватит одного пароля. Резервные коды перестанут действовать вместе с последним вторым фактором.
recovery-codes = Резервные коды
recovery-codes-left = { $left ->
    [one] Остался { $left } код.
    [few] Осталось { $left } кода.
   *[other] Осталось { $left } кодов.
} Каждый один раз заменяет приложение.
recovery-codes-fresh = Ваши резервные коды
recovery-codes-fresh-hint = Запишите их сейчас и храните отдельно от телефона: больше они не покажутся. Каждый действует один раз.
recovery-codes-renew = Создать коды заново
recovery-codes-renew-hint = Когда вы создадите новые, все прежние коды перестанут действовать.
field-code-wrong = Код неверный или уже использован
error-totp-exists = Приложение-аутентификатор уже подключено; сначала отключите его
error-totp-not-begun = Подключение приложения не начато; начните заново
error-no-second-factor = Нет второго фактора, который могли бы заменить резервные коды
error-second-factor-required = У этой учётной записи есть второй фактор. Пришлите код из приложения или резервный код в поле «totp».
beak = Клюв
beak-about = Нарисуйте форму своего клюва и входите с ней вместо пароля. Её легче подсмотреть и угадать, чем хороший пароль; второй фактор рядом с ней не помешает.
beak-enrol = Сохранить форму
beak-another = Сохранить другую форму
beak-remove = Удалить форму
beak-shape = Форма
beak-again = Та же форма ещё раз
beak-hint = Нарисуйте её одной линией или назовите по порядку клетки, через которые она идёт: A1 — слева вверху, D4 — справа внизу. Место и размер не важны.
beak-pad = Клетки для рисования
beak-clear = Стереть
beak-cells-chosen = Выбрано клеток:
beak-log-in = Войти с помощью клюва
log-in-by-password = Войти с паролем
field-beak-wrong = Имя или форма указаны неверно
field-beak-not-understood = Нарисуйте линию или назовите клетки, например A1 B2 C2
field-beak-simple = Форма слишком простая: нужно не меньше шести клеток, пять из них разные, и два поворота
field-beak-differs = Это другая форма, не та, что первая: линия должна идти через те же клетки
field-beak-taken = Такая форма у кого-то уже есть
error-no-beak = Форма вашего клюва не сохранена
flash-beak-enrolled = Теперь ваш клюв известен
flash-beak-removed = Форма клюва удалена
passkeys = Ключи доступа
passkeys-about = Ключ доступа хранит это устройство или аппаратный ключ, а открывают его ваш палец, лицо или PIN. С ним вход не требует ни имени, ни пароля, ни кода.
passkeys-need-script = Ключам доступа нужен браузер, который их поддерживает, с включёнными скриптами.
passkey-name = Название ключа доступа
passkey-name-hint = Например, название этого устройства
passkey-make = Создать ключ доступа
passkey-remove = Удалить этот ключ доступа
passkey-log-in = Войти с ключом доступа
passkey-failed = Не получилось. Попробуйте ещё раз или выберите другой способ.
field-passkey-unfit = Этот ключ доступа не удалось проверить; начните заново
field-passkey-known = Этот ключ доступа уже известен
error-passkeys-need-name = Ключи доступа работают, только если у сайта есть имя, а не числовой адрес.
error-too-many-passkeys = Ключей доступа уже { $most }; сначала удалите один из них
flash-passkey-enrolled = Ключ доступа создан
flash-passkey-removed = Ключ доступа удалён
second-factors = Вторые факторы
second-factors-remove = Удалить все вторые факторы
second-factors-remove-hint = Для тех, кто потерял и телефон, и резервные коды. Сначала убедитесь, что просит сам владелец. Все его сеансы закончатся, и для входа хватит одного пароля.
flash-factors-removed = Вторые факторы удалены
flash-passkey-refused = Этот ключ доступа здесь ничего не открывает
error-second-factor-missing = Вашей роли нужен второй фактор, а его у вас нет. Войдите в браузере и подключите его.
banner-second-factor-missing = Вашей роли нужен второй фактор. Подключите его, чтобы продолжить.
banner-auth-away = Авторизация сейчас недоступна. Ещё несколько минут можно работать дальше; не выходите из системы.
flash-totp-removed = Приложение-аутентификатор отключено
flash-recovery-code-used = Вы вошли по резервному коду. { $left ->
    [one] Остался { $left }.
    [few] Осталось { $left }.
   *[other] Осталось { $left }.
}
flash-code-over = Этот вход закончился: прошло слишком много времени или было слишком много кодов. Начните заново.
## Accounting

nav-accounting = Финансы
nav-account = Мой счёт
breadcrumb = Где вы находитесь
total = Итого
column-date = Дата
column-time = Время
column-kind = Вид
column-description = За что
column-employee = Сотрудник
column-amount = Сумма
column-balance = Баланс
columns-choice = Столбцы
columns-hide = Столбцы, которых не видно
columns-without = Без столбца «{ $column }»
columns-apply = Показать так
column-fees = Списания
column-rewards = Начисления
column-earned = Заработано
column-paid = Выплачено
column-people = Кому выплачено
column-debtors = Осталось с долгом
column-mail = Письмо
column-mails = Письма
column-transfer = Операция
column-settled-at = Закрыт
column-state = Состояние
column-recipient = Адрес
column-attempts = Попыток
period-from = С
period-to = По
period-neighbours = Раньше и позже
previous-day = Предыдущий день
next-day = Следующий день
previous-period = Раньше
next-period = Позже
kind-all = Все виды
kind-assignment-fee = Списание
kind-completion-reward = Начисление
kind-payout = Выплата
kind-debt-carried = Перенос долга
kind-adjustment = Исправление
movement-assignment-fee = Назначена: { $task }
movement-reassignment-fee = Переназначена: { $task }
movement-completion-reward = Выполнена: { $task }
movement-payout = Выплачено { $paid } за { $date }
movement-adjustment = Исправление за { $date }
movement-debt-carried = Перенесён долг { $amount }
account-title = Мой счёт
account-title-of = Счёт: { $name }
account-balance = Баланс
account-earned-today = Заработано сегодня
account-next-payout = Следующая выплата
account-log = Журнал
account-empty-title = За это время операций нет
account-empty-text = Первое списание придёт с первой задачей.
company-title = Финансы
company-today = Операции за сегодня
company-earned-today = Заработано сегодня
company-earned-note = Списания минус начисления; выплаты не считаются.
company-balance = Баланс компании
company-balance-note = Списания минус начисления с самого начала.
company-owed = То же со стороны сотрудников
company-owed-note = Все балансы и выплаты с обратным знаком.
company-sides-differ = Две стороны книг не сходятся. Немедленно сообщите администратору.
company-days = Заработок по дням
day-title = Операции за { $date }
day-closed = Закрыт: окончательно
day-open = Открыт: ещё изменится
day-payouts = Выплаты за день
day-count = { $count ->
    [one] { $count } операция
    [few] { $count } операции
   *[other] { $count } операций
}
day-transfers = Операции, сначала новые
day-empty-title = Операций нет
day-empty-text = В этот день здесь ничего не проводилось.
payouts-title = Выплаты
payouts-caption = Закрытые дни, сначала новые
payouts-overdue = Ещё не закрыт
payouts-reason = Ждёт:
payouts-waits-for-ledger = до книг ещё дошло не всё, что случилось до конца дня.
payouts-waits-for-repair = некоторые события дня не удаётся прочитать, и неизвестно, чьи они; они ждут исправления.
payouts-held = Придержано счетов: { $count }.
payouts-held-about = Их события не удалось провести; всем остальным выплачено. Эти счета получат выплату за тот же день, как только события исправят или пропустят.
payouts-running = День { $date } закрывается; остальное произойдёт само.
held-caption = Счета, придержанные за { $date }
held-since = Придержан с
held-reason = Чего ждёт
held-repaired = Исправлено; счёт будет закрыт при следующем запуске.
held-item = Показать событие
payouts-settle = Закрыть { $date } сейчас
payouts-settled = День { $date } закрыт.
payouts-waiting = День { $date } пока нельзя закрыть. Попытки повторяются каждую минуту; причина ниже.
payouts-empty-title = Выплат ещё не было
payouts-empty-text = Каждый день закрывается после его окончания по часам { $zone }.
payout-title = Выплаты за { $date }
payout-transfers = Операции за день
payout-lines = Кому сколько выплачено
payout-empty-title = Никому не выплачено
payout-empty-text = В конце этого дня ни один баланс не был больше нуля.
company-sides-agree = Обе стороны книг сходятся.
statements-title = Выписки
statements-caption = Закрытые дни, сначала новые
statements-today = Сегодня на этот час
statements-sheet = Выписка за период
statements-empty-title = Выписок здесь нет
statements-empty-text = Выписка появляется, когда день закрыт, если в этот день были операции или он начался с долга.
statement-title = Выписка за { $date }
statement-period-title = Выписка за период
statement-open = Открыт: ещё изменится
statement-opening = Баланс на начало
statement-debt-carried = Перенесённый долг
statement-adjustments = Исправления
statement-payout = Выплата
statement-payouts = Выплаты
statement-closing = Баланс на конец
statement-so-far = Баланс на этот час
statement-lines = Операции в порядке проводки
statement-days = Дни с операциями
statement-empty = Операций нет
statement-foot = Итог
statement-reference = Номер
statement-print = Распечатать
statement-printed = напечатано { $at }
statement-wrong = Эта выписка не сходится. Немедленно сообщите администратору.
statement-short = { $count ->
    [one] { $count } операция, сложены ниже по видам; каждая есть на странице по адресу внизу и в её файле.
    [few] { $count } операции, сложены ниже по видам; каждая есть на странице по адресу внизу и в её файле.
   *[many] { $count } операций, сложены ниже по видам; каждая есть на странице по адресу внизу и в её файле.
}
statement-cut = { $count ->
    [one] Показаны первые { $shown } из { $count } операции; в файле есть все.
    [few] Показаны первые { $shown } из { $count } операций; в файле есть все.
   *[many] Показаны первые { $shown } из { $count } операций; в файле есть все.
}
company-statement-title = Выписка компании за { $date }
company-statement-link = Выписка компании
company-statement-own = Компания
company-statement-theirs = Сотрудники
company-statement-before = Баланс компании до
company-statement-after = Баланс компании после
company-statement-people-before = Все балансы до
company-statement-people-after = Все балансы после
company-statement-paid = Выплачено с самого начала
company-statement-adjusted = Исправления с самого начала
company-statement-people = { $count ->
    [one] из { $count } счёта с движением
    [few] из { $count } счетов с движением
   *[many] из { $count } счетов с движением
}
account-unreachable = Мы не смогли написать вам на { $address }: почтовый сервер окончательно отклоняет этот адрес. Попросите администратора изменить его; недоставленные письма уйдут снова.
mails-trouble = { $count ->
    [one] { $count } письмо ждёт почтовый сервер.
    [few] { $count } письма ждут почтовый сервер.
   *[many] { $count } писем ждут почтовый сервер.
}
undeliverable-caption = Недоступные адреса: отклонены окончательно
undeliverable-last = Последнее письмо за
mail-kind-payout = Выплата
mail-kind-statement = Выписка
mail-kind-digest = Сводка
mail-failure = Отправка прекращена
mail-failure-refused = Адрес окончательно отклонён
mail-failure-expired = Время повторных попыток истекло
mail-repeat-confirm = Письмо уже доставлено; отправить второй раз
error-mail-already-sent = Это письмо уже отправлено. Отметьте флажок, чтобы отправить его второй раз.
error-mail-on-its-way = Это письмо уже в пути.
mail-statement-subject = Выписка за { $date }: { $amount }
mail-statement-debt = За { $date } выплаты нет. На следующий день перенесён долг { $amount }.
mail-statement-zero = За { $date } выплаты нет, и на следующий день ничего не перенесено.
mail-digest-subject = Сводка за { $date }: выплачено { $amount }
mail-digest-body = День { $date } закрыт и опечатан. Сохраните это письмо: по его отпечатку любой покажет, что книги этого дня потом не менялись.
mail-digest-transfers = Операций
mail-digest-held = Счетов закрыто позже
mail-digest-held-now = Счетов придержано сейчас
mail-digest-label = Отпечаток цепочки (SHA-256):
mail-digest-again = Чтобы вычислить его снова (как он получается, сказано в docs/TAMPER.md):
mail-digest-link = Выписка компании за этот день:
mails-title = Письма
mails-caption = Письма, сначала новые
mails-not-connected = Почтовый сервер не настроен: письма хранятся и показываются здесь.
mails-failed = { $count ->
    [one] { $count } не отправлено
    [few] { $count } не отправлены
   *[other] { $count } не отправлено
}
mails-waiting = { $count ->
    [one] { $count } ожидает
    [few] { $count } ожидают
   *[other] { $count } ожидают
}
mails-all-sent = все отправлены
mails-empty-title = Писем здесь нет
mails-empty-text = Письмо получает каждый, кому выплатили.
mail-state-all = Любое
mail-state-new = новое
mail-state-waiting = ожидает
mail-state-sent = отправлено
mail-state-failed = не отправлено
mail-state-none = нет письма
mail-retry = Отправить ещё раз
mail-retried = Письмо снова в пути.
mails-retry = { $count ->
    [one] Отправить ещё раз { $count } неудачное письмо
    [few] Отправить ещё раз { $count } неудачных письма
   *[other] Отправить ещё раз { $count } неудачных писем
 }
mails-retried = { $count ->
    [one] { $count } письмо снова в пути.
    [few] { $count } письма снова в пути.
   *[other] { $count } писем снова в пути.
 }
error-no-mails-given-up = Неудачных писем в этом списке нет.
mail-written = Создано
mail-sent = Отправлено
mail-next-attempt = Следующая попытка
mail-last-error = Ответ почтового сервера
mail-text = Текст
mail-html = HTML
mail-payout-subject = Выплата за { $date }: { $amount }
mail-payout-greeting = Здравствуйте, { $name }!
mail-payout-body = Вам выплачено { $amount } за { $date }.
mail-payout-link = Все списания и начисления за день есть в вашей выписке:
mail-payout-sign = Бухгалтерия, UberPopug Inc
bank-account-title = Банковский счёт
bank-account-lead = Куда уходят деньги, когда день выплачивается через банк. Оставьте оба поля пустыми, чтобы убрать счёт.
bank-account-now = Сейчас известно
bank-account-iban = Номер счёта (IBAN)
bank-account-iban-hint = Со страной и контрольными цифрами; пробелы не мешают.
bank-account-bic = Банк (BIC), если знаете
bank-account-bic-hint = Восемь или одиннадцать знаков.
bank-account-save = Сохранить
flash-bank-account-saved = Банковский счёт сохранён.
flash-bank-file-made = Платёжный файл готов.
field-iban-wrong = Это не номер счёта: проверьте страну, длину и цифры.
field-bic-wrong = В BIC восемь или одиннадцать букв и цифр.
bank-file-title = Платёжный файл для банка
bank-file-made = { $count ->
    [one] { $count } платёж
    [few] { $count } платежа
   *[other] { $count } платежей
}, { $sum }, создан
bank-file-left-out = Не вошло, выплатить иначе: { $sum }
bank-file-ready = { $count ->
    [one] Банковский счёт есть у { $count } получателя.
   *[other] Банковский счёт есть у { $count } получателей.
}
bank-file-make = Создать файл
bank-file-held = Придержанные счета войдут в следующий файл, когда по ним пройдёт выплата.
bank-file-download = Скачать pain.001
bank-file-unset = Счёт самой компании не задан (ATES_PAYOUT_DEBTOR_IBAN).
bank-file-missing = { $count ->
    [one] Без банковского счёта в него не попадает { $count } человек:
    [few] Без банковского счёта в него не попадают { $count } человека:
   *[other] Без банковского счёта в него не попадают { $count } человек:
}
error-bank-file-unset = Платёжного файла нет: счёт компании не задан (ATES_PAYOUT_DEBTOR_NAME и ATES_PAYOUT_DEBTOR_IBAN).
error-bank-file-currency = Платёжного файла в валюте { $currency } нет: платить можно только в валютах с двумя знаками после запятой.
error-bank-file-empty = Платёжного файла нет: ни у кого из получателей этого дня нет банковского счёта.
error-xlsx-too-long = На листе книги помещается строк: { $rows }, а здесь их больше. Скачайте CSV или сузьте выборку.
error-day-not-open = { $date } не является днём, который можно закрыть.
error-day-before-open = Один из дней до { $date } ещё не закрыт.
error-day-not-over = День { $date } ещё не закончился.
error-nothing-to-settle = Ни один день ещё не закончился, закрывать нечего.
field-not-a-date = Укажите дату, например 2026-03-02
field-period-reversed = Последний день не может быть раньше первого
field-period-too-long = Слишком много для одной таблицы: не больше десяти лет

## Admin section

nav-admin = Админка
nav-roles = Роли
nav-payouts = Выплаты
nav-mails = Письма
admin-about-modules = Что работает, докуда дошёл каждый подписчик, что ждёт починки и когда шли задания
admin-about-checks = Инварианты книг и событий, проверенные сейчас
admin-about-users = Регистрация, смена ролей, отключение
admin-about-roles = Для чего каждая роль и кому что можно
admin-about-shuffles = Каждое нажатие «перемешать» и что из него вышло
admin-about-payouts = Закрытые дни и кому сколько заплачено
admin-about-mails = Каждое письмо со своим состоянием, как его видит получатель
nav-events = События
admin-about-events = Журнал событий и всё, что началось с одного нажатия
events-title = События
events-seq = Номер
events-id = Код
events-type = Тип
events-version = Версия
events-topic = Тема
events-producer = Сообщил
events-subject = О чём
events-correlation = Нажатие
events-causation = Причина
events-actor = Кто
events-recorded = Записано
events-any = все
events-filter-id = Код события, задачи, запуска или человека
events-caption = Журнал, новые сверху
events-caption-oldest = События, старые сверху
events-from = Записаны с
events-before = Записаны до
events-csv = Скачать CSV (последние { $count })
events-none-title = Журнал пуст
events-none-text = Первое событие появится вместе с первым пользователем.
story-title = Что об этом знает журнал
story-envelope = Конверт
story-all-about = всё об этом
story-items = Фактов внутри
story-no-cause = нет: с него всё началось
story-no-actor = сама система
story-visits = Путь
story-visits-caption = Все, кому оно предназначено, и как далеко оно прошло
story-for-nobody = События этого типа никто не слушает.
story-parked = Отложено
story-content = Содержимое
story-tree = Что началось с одного нажатия
story-applied-by = применили
story-more = и ещё { $count } такого же типа от той же причины
stage-applied = применено
stage-skipped = пропущено
stage-waiting = ждёт
stage-paused = на паузе
stage-blocked = ждёт за другим
stage-retrying = повторяется
stage-dead = не разобрано

# Исправления

nav-corrections = Исправления
admin-about-corrections = Исправления в книгах: просит один, подтверждает другой
operation-request-corrections = Попросить об исправлении
operation-confirm-corrections = Подтвердить чужое исправление
corrections-title = Исправления
corrections-lead = Проведённое никогда не меняется. Исправление — это новая проводка: один просит, другой человек, администратор, подтверждает.
corrections-caption = Исправления, сначала новые
corrections-empty-title = Исправлений здесь нет
corrections-empty-text = До сих пор книгам они не понадобились.
correction-title = Исправление
correction-ask = Попросить об исправлении
correction-ask-lead = Оно проводится открытым сейчас днём, даже если исправляет закрытый.
correction-column = Исправить
correction-of = Исправить: { $what }
correction-reason = Причина
correction-reason-hint = От 10 до 500 знаков. Сотрудник её тоже увидит.
correction-employee-hint = Имя для входа или адрес почты.
correction-amount-hint = Со стороны сотрудника: -12.50 списывает, 12.50 начисляет.
correction-corrects = Исправляет
correction-earlier = Уже исправлено
correction-left = Осталось исправить
correction-task = Задача
correction-assignment = назначение { $number }
correction-event = событие { $number }
correction-skips = Пропускает мёртвое событие
correction-price-drawn = цена задачи: определится при проводке
correction-requested-by = Попросил
correction-decided-by = Решил
correction-booked = Проведено
correction-decide-lead = Подтверждение сразу проводит исправление. Отменить его нельзя, можно только исправить.
correction-waits = Ждёт другого администратора, не того, кто попросил.
correction-confirm = Подтвердить и провести
correction-reject = Отклонить
correction-withdraw = Отозвать
correction-requested = Записано. Подтвердить должен кто-то другой.
correction-confirmed = Подтверждено и проведено.
correction-rejected = Отклонено. Ничего не проведено.
correction-withdrawn = Отозвано. Ничего не проведено.
correction-missing-title = Провести недостающее
correction-missing-lead = В журнале задач оно есть, в книге нет. Человек и сумма берутся из книг.
correction-skip-title = Пропустить мёртвое событие
correction-skip-lead = Событие пропускается тем же шагом, который проводит то, что оно должно было принести.
correction-missing-since = Не хватает с
correction-kind-none = проводить нечего
correction-state-all = Все
correction-state-requested = ждёт подтверждения
correction-state-confirmed = проведено
correction-state-rejected = отклонено
correction-state-withdrawn = отозвано
movement-corrected = { $text }: { $reason }
field-correction-reason = Напишите причину: от 10 до 500 знаков.
field-correction-amount = Сумма вида -12.50 или 3: не ноль, не больше двух знаков после точки.
field-correction-employee = Счёта у человека с таким именем нет.
field-correction-not-theirs = Эта проводка чужая.
field-correction-beyond = Больше, чем осталось от той проводки: прежние исправления считаются.
error-correction-already-asked = Такое же исправление уже ждёт подтверждения.
error-correction-decided = Это исправление уже решено.
error-correction-beyond = От проводки осталось меньше: её за это время уже исправили.
error-correction-second-person = Вы сами о нём попросили: решить должен другой.
error-correction-not-yours = Отозвать может только тот, кто попросил.
error-correction-nothing-missing = В книге это уже есть: ничего не пропало.
error-correction-something-missing = Теперь в книге не хватает чего-то из этого события: попросите заново.
error-correction-whole-batch = Не хватает целой пачки. Сверка сама проведёт её за минуту-другую; тогда событие можно пропустить.

# Сценарии

nav-scenarios = Сценарии
admin-about-scenarios = Что должно было последовать и не последовало, и какой проводкой это исправить
admin-alerts = { $count ->
    [one] { $count } шаг сценариев не последовал.
    [few] { $count } шага сценариев не последовали.
   *[other] { $count } шагов сценариев не последовало.
}
scenarios-title = Сценарии
scenarios-lead = Каждый шаг должен последовать за предыдущим не позже чем через { $seconds } с. Какие не последовали и какие опоздали.
scenarios-all-followed = Все шаги последовали вовремя.
scenarios-missing = { $count ->
    [one] Не хватает { $count } шага.
   *[other] Не хватает { $count } шагов.
}
scenarios-open = Недостающие шаги, сначала старые
scenarios-cleared = Опоздавшие
scenarios-cleared-caption = Опоздавшие шаги, сначала последние
scenarios-scenario = Сценарий
scenarios-step = Недостающий шаг
scenarios-subject = Для чего
scenarios-since = Ждёт с
scenarios-cleared-at = Сделано к
scenarios-proposal = Предлагаемая проводка
scenarios-apply = Попросить об этом исправлении
scenarios-assignment = назначение { $number }
scenario-creation = Создание задачи
scenario-assignment = Назначение задачи
scenario-completion = Выполнение задачи
scenario-booking = Проводка
scenario-day = Конец дня
scenario-payout = Выплата
scenario-leaving = Кому-то больше не дают задач
scenario-delivery = Доставка событий
step-creation-price = цена
step-creation-fee = первое списание
step-creation-open = открытие задачи
step-assignment-fee = списание
step-completion-reward = начисление
step-booking-cause = то, за что проведено
step-day-close = закрытие дня
step-payout-mail = письмо
step-leaving-redraw = новый розыгрыш открытых задач
step-delivery-heard = прочтение события
proposal-fee = Списание за назначение
proposal-reward = Начисление за выполнение
proposal-reverse = Исправление
proposal-price-drawn = цена задачи
## The bus

bus-not-paused = Это возможно, только пока подписчик приостановлен.
bus-not-repeatable = Этому подписчику нельзя слышать событие дважды; перестройте его заново.
bus-seq-ahead = Номер должен быть от 0 до места, где подписчик сейчас.
bus-skip-money = Это событие двигает деньги. Пропустить его можно только вместе с исправляющей проводкой.
bus-not-dead = Это событие не мёртвое: оно ещё повторяется или уже решено.
bus-reason-short = Назовите причину: не меньше десяти букв.
nav-letters = Неразобранное
nav-runs = Запуски
admin-about-letters = Что не вышло и ждёт починки: повторить или обойтись без него
admin-about-runs = Что и за какую дату запускалось и чем закончилось
modules-pace = За минуту
modules-retired = отключён
modules-late = { $name } отстаёт на { $lag ->
    [one] { $lag } событие
    [few] { $lag } события
   *[other] { $lag } событий
}, предел { $limit }.
modules-money = деньги
modules-applied-total = Всего применено
modules-last-applied = последний раз
modules-last-error = Последняя ошибка
modules-holders = Кто держит
modules-holders-caption = Продолжит, когда отпустит последний
modules-holder = Держит
modules-since = С
modules-release = Отпустить
modules-reason = Причина
modules-reason-hint = Сохраняется в аудите и видна всем, кто следит за системой.
modules-pause-title = Пауза
modules-pause-text = События ждут и не теряются. Остальные работают дальше.
modules-confirm = Знаю: пока не продолжим, плата за задачи не списывается, награды не начисляются и день не закрывается.
modules-confirm-needed = Подтвердите, что деньги пока стоят.
modules-still-held-flash = { $name } отпущен, но его держит ещё кто-то.
letters-title = Неразобранное
letters-count = { $count ->
    [one] { $count } запись
    [few] { $count } записи
   *[other] { $count } записей
}
letters-waiting = всё, что ждёт
letters-consumer = Подписчик
letters-item = Запись
letters-key = Ключ
letters-class = Вид ошибки
letters-error = Ошибка
letters-attempts = Попыток
letters-first-failed = Первый сбой
letters-from = Сбой с
letters-before = Сбой до
letters-next = Следующая попытка
letters-choose = Выбрать
letters-caption = В порядке журнала
letters-retry-chosen = Повторить выбранное
letters-retry-all = Повторить всё: { $count }
letters-skip-chosen = Пропустить выбранное
letters-retry-one = Повторить сейчас
letters-skip-one = Пропустить
letters-none-title = Чинить нечего
letters-none-text = Все события применены. Попуги довольны.
letters-none-chosen = Сначала выберите запись.
letters-money = Это событие двигает деньги. Его пропускают только вместе с исправляющей проводкой, которую подтвердит второй администратор.
letters-corrections = К исправлениям
letters-retried-flash = { $count ->
    [one] { $count } запись пробуем снова.
    [few] { $count } записи пробуем снова.
   *[other] { $count } записей пробуем снова.
}
letters-skipped-flash = { $count ->
    [one] { $count } запись пропущена.
    [few] { $count } записи пропущены.
   *[other] { $count } записей пропущено.
}
letter-title = Отложенное из события { $seq }
letter-event = Событие
letter-last-failed = Последний сбой
letter-resolved = Решено
letter-of-key = Что за ним стоит
letter-of-key-count = { $count ->
    [one] { $count } запись с этим ключом ждёт починки, в таком порядке.
    [few] { $count } записи с этим ключом ждут починки, в таком порядке.
   *[other] { $count } записей с этим ключом ждут починки, в таком порядке.
}
letter-archived = Событие в архиве.
choice-retry-title = Повторить
choice-skip-title = Обойтись без
choice-retry-text = { $count ->
    [one] { $count } запись пробуем снова сейчас, все попытки заново. Уже применённое не применится дважды.
    [few] { $count } записи пробуем снова сейчас, все попытки заново. Уже применённое не применится дважды.
   *[other] { $count } записей пробуем снова сейчас, все попытки заново. Уже применённое не применится дважды.
}
choice-skip-text = { $count ->
    [one] { $count } запись не применится никогда. Это не отменить.
    [few] { $count } записи не применятся никогда. Это не отменить.
   *[other] { $count } записей не применятся никогда. Это не отменить.
}
choice-more = и ещё { $count }
choice-nothing = Чинить здесь уже нечего.
choice-reason-hint = Не меньше десяти букв; сохраняется в аудите.
choice-retry = Повторить: { $count }
choice-skip = Пропустить: { $count }
runs-title = Запуски
runs-last = Последний
runs-next = Следующий
runs-next-bell = по следующему звонку
runs-finished = Закончено
runs-queued = в очереди
runs-running = идёт
runs-shuffle = Перемешивание
runs-moved = Передано
runs-shuffles-caption = Последние нажатия, новые сверху
runs-no-shuffles = Ещё никто не перемешивал.
job-settle = Закрывает каждый прошедший рабочий день
job-sweep = Проводит то, о чём не сообщило ни одно событие
job-clean-up = Убирает истёкшие сессии
job-doctor = Сверяет журнал, позиции и книгу
job-partitions = Готовит будущие разделы таблиц
job-archive = Переносит старые месяцы в архив
job-scenarios = Следит, что за каждым шагом последовал следующий
bus-not-rebuildable = Подписчик хранит больше, чем можно вернуть из журнала: перестроить его нельзя.
bus-rebuild-under-way = Он уже перестраивается.

## Аварийная остановка и сверка

error-title-stopped = Изменения остановлены
stopped = Аварийная остановка: ничего нельзя изменить, пока администратор её не снимет; читать можно. Причина: { $reason }
stopped-by-check = Аварийная остановка: ничего нельзя изменить, пока администратор её не снимет; читать можно. Книги не сходятся: { $number ->
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
nav-stop = Аварийная остановка
admin-about-stop = Остановить сразу все изменения, снять остановку и посмотреть прежние
stop-lead = Пока действует остановка, любое изменение отклоняется, выплаты и письма ждут, читать можно.
stop-is-set = Действует аварийная остановка
stop-is-not-set = Аварийной остановки нет.
stop-reason = Причина
stop-since = С какого времени
stop-by = Кто остановил
stop-release-title = Снять остановку
stop-release-text = Снимайте, когда причина найдена и книги исправлены. Если они всё ещё не сходятся, остановка тут же вернётся.
stop-release-reason = Почему снята
stop-reason-hint = От 10 до 500 знаков; это прочтут все, кто пользуется aTES.
stop-password = Ваш пароль
stop-release = Снять остановку
stop-set-title = Остановить всё
stop-set-text = С этой минуты никто ничего не изменит, пока администратор не снимет остановку.
stop-set = Остановить
stop-history = Прежние остановки
stop-released-at = Снята
stop-set-flash = Аварийная остановка включена.
stop-released-flash = Аварийная остановка снята.
field-stop-reason = Объясните причину, от 10 до 500 знаков.
error-stop-already-set = Аварийная остановка уже действует.
error-stop-not-set = Аварийной остановки нет.
error-stop-still-writing = Аварийная остановка включена, но кто-то ещё пишет. Посмотрите журнал и попробуйте снова.
badge-agrees = Книги сходятся на { $at }
badge-differs = Книги не сходятся.
badge-broken = Нарушено:
badge-agreed-last = Последний раз сходились на { $at }.
badge-stale = Книги не сверялись с { $at }
badge-never = Книги ещё не сверялись
# Журнал действий и злоупотребления
nav-audit = Действия
admin-about-audit = Кто, что, когда и откуда сделал
audit-title = Журнал действий
audit-lead = Всё, что кто-либо изменил, новое сверху. Строка пишется вместе с самим изменением и никогда не удаляется.
audit-person = Человек: логин или номер
audit-action = Действие начинается с
audit-caption = Что сделано
audit-caption-oldest = Что было сделано, старое сверху
audit-when = Когда
audit-who = Кто
audit-who-uid = Номер того, кто сделал
audit-what = Действие
audit-about = О чём
audit-from = Откуда
audit-address = Адрес
audit-agent = Программа
audit-request = Запрос
audit-detail = Подробности
audit-system = система
audit-none-title = Ничего не сделано
audit-none-text = Ни одна строка не подходит. Возьмите период подлиннее или меньше слов.
nav-abuse = Злоупотребления
admin-about-abuse = Кто для кого создаёт, кто за чей счёт перемешивает и какие есть пределы
abuse-title = Отчёты о злоупотреблениях
abuse-lead = Награда больше списания, поэтому пустяковые задачи печатают деньги, а перемешивание списывает со всех. Здесь видно, кто делает это часто.
abuse-no-limits = Пределов нет: любой создаёт и перемешивает сколько угодно и выполняет сразу.
abuse-limit-creations = Не больше созданных задач на человека в день: { $count }
abuse-limit-age = Выполнить задачу можно не раньше, чем через { $seconds } с
abuse-limit-presses = Не больше перемешиваний на человека в день: { $count }
abuse-creators = По создателям
abuse-creators-caption = Задачи, созданные за период, и что с ними стало к этой минуте
abuse-no-creators = За этот период никто не создал ни одной задачи.
abuse-creator = Создатель
abuse-uid = Номер
abuse-created = Создано
abuse-completed = Выполнено
abuse-self = Из них собой
abuse-age = Быстрее всего
abuse-age-seconds = Самое быстрое выполнение, секунды
abuse-rewards = Награды
abuse-fees = Списания
abuse-net = Итог
abuse-pairs = Кто чьи задачи выполняет
abuse-pairs-lead = Случай делит задачи создателя поровну. Отклонение считает стандартные отклонения сверх того; отмечены те, где выполнено не меньше пяти и отклонение больше трёх.
abuse-pairs-caption = Выполненные задачи периода по создателю и исполнителю
abuse-completer = Кто выполнил
abuse-assigned = Досталось
abuse-share = Доля
abuse-deviation = Отклонение
abuse-pressers = По перемешавшим
abuse-pressers-caption = Перемешивания за период
abuse-no-pressers = За этот период никто не перемешивал.
abuse-presser = Кто перемешал
abuse-presses = Нажатия
abuse-moved = Назначения
abuse-people = Люди
abuse-effects = Кого коснулось
abuse-effects-caption = Пришедшие и ушедшие задачи и списания по перемешавшему и по человеку
abuse-person = Человек
abuse-given = Пришло
abuse-taken = Ушло
age-seconds = { $count } с
age-minutes = { $count } мин
age-hours = { $count } ч
age-days = { $count ->
    [one] { $count } день
    [few] { $count } дня
   *[many] { $count } дней
}

# Балансы на дату, сохранённая прибыль
account-balance-at = Баланс на конец { $date }
balances-title = Балансы
balances-caption = Балансы на конец { $date }, сначала самые большие долги
balances-caption-largest = Балансы на конец { $date }, сначала самые большие
balances-date = На конец дня
balances-which = Какие
balances-all = Все
balances-negative = Только ниже нуля
balances-total = Все балансы вместе
balances-people = { $count ->
    [one] { $count } счёт
    [few] { $count } счёта
   *[many] { $count } счетов
}
balances-debts = Долги
balances-debtors = { $count ->
    [one] { $count } счёт ниже нуля
    [few] { $count } счёта ниже нуля
   *[many] { $count } счетов ниже нуля
}
balances-none-title = Таких балансов нет
balances-none-text = На конец этого дня ниже нуля не было никого.
balances-more = Дальше
balances-back = Назад
column-uid = Номер
company-stored = Закрытые дни показаны по суммам, сохранённым при закрытии.
recount-title = Пересчитать закрытые дни
recount-lead = Каждый закрытый день периода складывается по журналу заново и сравнивается с сохранённой суммой. Закрытый день окончателен: разница показывается здесь и никогда не переписывается.
recount-again = Пересчитать
recount-equal = { $count ->
    [one] Пересчитан { $count } закрытый день, он сходится с журналом.
    [few] Пересчитано { $count } закрытых дня, все сходятся с журналом.
   *[many] Пересчитано { $count } закрытых дней, все сходятся с журналом.
}
recount-differs = Не сходятся с журналом: { $count } из { $dates } закрытых дней.
recount-caption = Закрытые дни, которые не сходятся
recount-stored-fees = Списания, сохранено
recount-live-fees = Списания, журнал
recount-stored-rewards = Награды, сохранено
recount-live-rewards = Награды, журнал
field-date-in-future = Этот день ещё не наступил

## Учётные записи: забытый пароль, надёжность, регистрация, первый запуск

forgot-password = Забыли пароль?
show-password = Показать пароль
reset-password = Забытый пароль
reset-lead = Мы пришлём ссылку, по которой вы зададите новый пароль. Она действует один раз и десять минут.
reset-no-mails = Эта установка не отправляет писем. Попросите новый пароль у администратора.
reset-ask = Прислать ссылку
reset-have-code = Код у меня уже есть
reset-link-hint = Ссылка уйдёт на адрес этого человека, действует один раз и десять минут; больше её никто не увидит.
reset-link-mail = Прислать ссылку для нового пароля
flash-reset-link-mailed = Письмо со ссылкой уже идёт.
error-no-link-for-user = Отключённым и сервисам ссылку не присылают.
reset-again = Запросить другую ссылку
flash-reset-asked = Если такая учётная запись есть, письмо уже идёт на её адрес. В нём ссылка и код.
new-password-lead = Код — в письме; ссылка из письма подставит его сама. Все ваши сеансы завершатся, токены ваших скриптов — тоже.
mailed-code = Код
mailed-code-hint = Из письма; действует один раз и десять минут
set-password = Задать пароль
flash-password-set = Новый пароль задан. Войдите с ним.
field-link-over = Этот код уже использован или устарел. Запросите другой.
field-password-common = Этот пароль слишком распространён: его попробуют многие
strength = Надёжность пароля
strength-lead = Здесь видно, что мы думаем о пароле. Он нигде не сохраняется.
strength-check = Насколько он надёжен?
strength-weak = Подойдёт, но слабый: добавьте ещё слово-другое
strength-fair = Сносный
strength-good = Хороший
strength-strong = Надёжный
change-password-ends = Ваши сеансы в других местах завершатся, все токены ваших скриптов — тоже. Здесь вы останетесь.
operation-reset-password = Запросить новый пароль по почте
mail-account-sign = aTES, UberPopug Inc
mail-account-code = Или откройте { $page } и введите этот код:
mail-reset-subject = Новый пароль для aTES
mail-reset-body = Кто-то — надеемся, вы — запросил новый пароль для вашей учётной записи. Ссылка действует один раз и десять минут.
mail-reset-link = Задать новый пароль
mail-reset-otherwise = Если это были не вы, ничего не делайте: пароль останется прежним.
mail-password-changed-subject = Ваш пароль для aTES сменён
mail-password-changed-body = Пароль вашей учётной записи только что сменили. Все другие сеансы и все токены скриптов завершены.
mail-password-changed-link = Задать другой пароль
mail-password-changed-otherwise = Если это были не вы, сразу задайте другой пароль и скажите администратору.
register-yourself = Зарегистрироваться
register-lead = Вам придёт письмо со ссылкой; учётная запись появится, когда вы её откроете.
register-domains = На { $domains }
register-again = Зарегистрироваться ещё раз
prove-address = Подтвердить адрес
prove-lead = Код — в письме; ссылка из письма подставит его сама.
prove-code-hint = Из письма; действует один раз и сутки
field-email-domain = Регистрация открыта только для адресов на { $domains }
field-setup-code = Это не тот код. Он стоит в журнале программы, с последнего запуска, и действует сутки
field-registration-taken = Логин или адрес тем временем занял кто-то другой. Зарегистрируйтесь ещё раз
flash-registration-asked = Письмо уже идёт на ваш адрес. В нём сказано, что дальше.
flash-registered = Учётная запись готова. Войдите.
flash-set-up = Вы администратор. Войдите.
setup = Добро пожаловать в aTES
setup-lead = Администратора ещё нет. Им станет тот, у кого есть код из журнала программы.
setup-code = Код
setup-code-hint = 20 букв и цифр; программа печатает их при запуске
setup-make = Стать администратором
mail-proof-subject = Подтвердите адрес для aTES
mail-proof-body = Кто-то — надеемся, вы — зарегистрировался в aTES с этим адресом. Подтвердите его в течение суток, и учётная запись появится.
mail-proof-link = Подтвердить адрес
mail-proof-otherwise = Если это были не вы, ничего не делайте.
mail-known-subject = У вас уже есть учётная запись в aTES
mail-known-body = Кто-то — надеемся, вы — хотел зарегистрироваться в aTES с этим адресом. Учётная запись с ним уже есть: войдите в неё.
mail-name-taken-subject = Выберите другой логин для aTES
mail-name-taken-body = Кто-то — надеемся, вы — зарегистрировался в aTES с этим адресом. Логин занят: зарегистрируйтесь ещё раз с другим.
mail-name-taken-link = Зарегистрироваться ещё раз
own-record = Имя и заметки
meta = Метаданные
meta-hint = Объект JSON, который читают программы через API; может быть пустым
address-hint = Сюда идут письма и ссылки для нового пароля. О смене узнает и старый адрес.
display = Время и цвета
time-zone = Часовой пояс
time-zone-hint = Только для показа времени; рабочие дни — по часам компании
time-zone-company = Как у компании
flash-record-saved = Сохранено
flash-address-saved = Адрес сменён; на старый уйдёт письмо об этом
flash-display-saved = Сохранено
mail-address-changed-subject = Ваш адрес в aTES сменён
mail-address-changed-body = Письма о вашей учётной записи теперь идут на другой адрес. На этот адрес оно последнее.
mail-address-changed-link = Открыть профиль
mail-address-changed-otherwise = Если это были не вы, сразу скажите администратору.
nav-account-mails = Письма об учётных записях
admin-about-account-mails = Ушли ли ссылки для новых паролей и тому подобное
account-mails-lead = Хранятся 90 дней. Что в ссылках, знают только получатели.
account-mails-not-connected = Почтовый сервер не настроен: эти письма никто не получит, и нового пароля по почте никто не задаст.
account-mails-empty = Никто не запрашивал нового пароля, не регистрировался и не менял своего.
account-mails-written = Написано
account-mails-uid = Письмо
account-mail-hidden = Секрет ссылки здесь не показан и не может быть показан: он нигде не хранится.
account-mail-password-reset = Ссылка для нового пароля
account-mail-password-changed = Пароль сменён
account-mail-address-changed = Адрес сменён
account-mail-registration-proof = Ссылка для регистрации
account-mail-registration-known = Регистрация с известным адресом
account-mail-registration-name-taken = Регистрация с занятым логином

## Search, palette and keys

search-title = Поиск
search-everywhere = Поиск по всему
search-what = Что ищем?
search-do = Найти
search-tips = Что можно найти
search-tip-number = Задачу по номеру:
search-tip-key = Задачу по ключу в трекере:
search-tip-words = Задачу по словам из названия или описания — среди последних 100 000
search-tip-people = Человека по части имени
search-tip-places = Страницу по названию
search-own-only = Вы находите задачи, которые у вас или которые вы написали.
search-none-title = Ничего не найдено
search-none-text = «{ $words }» нет ни в чём, что вам видно. Попробуйте меньше букв или номер задачи.
search-count = { $count ->
    [0] Ничего не найдено
    [one] Найдено: { $count }
    [few] Найдено: { $count }
   *[other] Найдено: { $count }
}
search-tasks = Задачи, самые подходящие первыми
search-people = Люди
search-places = Страницы
search-more = Показаны только первые { $count }. Остальные:
search-person = человек
search-act = действие
search-place = страница
palette-title = Команды и поиск
palette-hint = Страница, задача, человек…
palette-lost = Сейчас нет ответа. Enter откроет страницу поиска.
close = Закрыть
shortcuts-title = Горячие клавиши
shortcuts-setting-hint = Одиночные клавиши, которые действуют, пока вы ничего не печатаете. Выключите их, если работаете голосом или задеваете клавиши случайно.
default-filters = С чего начинаются списки
default-filters-hint = Фильтры, порядок и столбцы, которые вы сохранили для своих списков. Они хранятся в учётной записи, а не в этом браузере.
flash-default-filter-kept = Теперь этот список начинается у вас так.
flash-default-filter-forgotten = Этот список снова начинается целиком.
shortcuts-on = Включены
shortcuts-off = Выключены
key-help = Эти клавиши
key-filter = К фильтру списка или к поиску
key-palette = Команды и поиск; работает и при вводе текста
key-row = Следующая и предыдущая строка
key-open = Открыть строку
key-complete = Выполнить задачу строки или задачу страницы
key-live = Остановить или продолжить обновление на лету
key-back = Закрыть открытое или вернуться к списку
keys-by-role = Для тех, кому туда можно.
keys-when = Пока вы печатаете в поле, клавиши не действуют. Их можно выключить:
live-pause = Остановить обновление

## Help

help-title = Помощь
help-lead = Как задачи превращаются в деньги в этой компании.
help-tasks = Задачи
help-tasks-drawn = Задачи создаёт кто угодно. Каждая сразу достаётся по жребию кому-то из компании, кто не менеджер и не администратор. Кому именно, не выбирает никто.
help-tasks-price = Затем у неё появляется цена, раз и навсегда: плата и награда, обе случайные. До этого она «сохраняется», после этого открыта.
help-tasks-done = У кого открытая задача, тот и выполняет её одним нажатием. Выполненная остаётся выполненной.
help-money = Деньги
help-fee = Списывается с вас каждый раз, когда задача достаётся вам: от { $min } до { $max }. Цена принадлежит задаче и не меняется.
help-reward = Начисляется вам, когда вы выполнили задачу: от { $min } до { $max }.
help-payout-term = Выплата
help-payout = Когда день закончен ({ $moment }), весь ваш баланс выплачивается, если он положительный, и письмо называет сумму. Следующий день начинается с нуля.
help-debt-term = Долг
help-debt = Отрицательный баланс не выплачивается и не прощается: он переходит на следующий день, и заработанное сначала гасит его.
help-shuffle = Перемешивание
help-shuffle-what = Менеджер или администратор может перемешать: каждая открытая задача разыгрывается заново, и кому она досталась, с того списывается её плата — даже если она вернулась к тому же. Списанное раньше остаётся списанным.
help-shuffle-fair = Жребий может пересчитать любой: отпечаток зерна показан до, само зерно после.
help-example = Пример с цифрами
help-example-lead = Два дня Кеши; плата и награды такие, какие здесь бывают.
help-example-caption = Два дня по шагам
help-example-what = Что происходит
help-example-amount = Сумма
help-example-balance = Баланс
help-step-drawn = Задача { $task } досталась Кеше: плата за неё
help-step-done = Кеша выполняет задачу { $task }: награда за неё
help-step-shuffled = Перемешивание: задача B ушла к Анне, списанное за неё остаётся списанным; задача C вернулась к Кеше: плата за неё ещё раз
help-step-shuffled-more = То же перемешивание: задача D пришла к Кеше: плата за неё
help-step-midnight = День закончен
help-step-paid = { $moment }: баланс выплачен
help-step-carried = { $moment }: выплаты нет, долг переходит дальше
help-more = Ещё
help-ask = Если какая-то цифра кажется неверной, спросите бухгалтера компании: каждая строка вашего счёта говорит, откуда она.
accessibility-title = Доступность
accessibility-aim = Эти страницы сделаны по WCAG 2.2, уровень AA, и проверяются на соответствие при каждом изменении.
accessibility-works = На что можно рассчитывать
accessibility-keyboard = Всё работает с одной клавиатурой; всегда видно, где вы. Есть и
accessibility-scripts = Всё работает без скриптов. Живые части тогда перечитывают страницу сами.
accessibility-zoom = Страницы помещаются в 320 пикселей ширины и при масштабе 400 % без прокрутки вбок; вбок прокручиваются только широкие таблицы внутри себя.
accessibility-colour = Ничего не сказано одним цветом: у сумм есть знаки, у состояний слова. Есть светлая и тёмная тема, а цвета вашей системы уважаются.
accessibility-motion = Движется только то, что разрешает ваша система. Ничего не мигает.
accessibility-voice = Сообщения доходят до программ чтения с экрана сразу и остаются, пока вы не уйдёте. Ход работы называется десятыми долями и не чаще раза в пять секунд.
accessibility-time = Ничего не надо делать на скорость. Сеанс кончается после перерыва и говорит об этом.
accessibility-limits = Чего пока нет
accessibility-limit-beak = Рисунок клювом — один из способов войти, и он требует точных движений; поле для него работает и с клавиатуры, а пароль делает то же самое.
accessibility-limit-tables = На бумаге очень длинные таблицы занимают несколько листов.
accessibility-tell = Что-то мешает?
accessibility-tell-text = Скажите администратору компании; номер внизу страницы с ошибкой поможет найти, что случилось.
## Администрирование: состояние, расписание, система

nav-schedule = Расписание
nav-system = Система
admin-about-schedule = Все задания: когда запускаются, чем закончился последний запуск, запуск вручную.
admin-about-system = Версия, настройки, база данных и последняя проверка.
admin-quiet = Ничего не требует вашего внимания.
admin-health = Состояние
admin-latest = Последние действия
admin-latest-caption = Пять последних записей аудита, сначала новые
admin-latest-none = Пока ничего не сделано.
admin-places = Разделы
tile-ok = порядок
tile-wait = взгляните
tile-bad = вмешайтесь
tile-since = С { $at }
tile-stop = Аварийная остановка
tile-stop-on = Включена
tile-stop-off = Не включена
tile-stop-fine = Деньги и задачи записываются.
tile-books = Проверок не прошло
tile-events = Событий в ожидании
tile-events-since = Работающий подписчик не обработал то, что записано { $at }.
tile-events-fine = Ни один работающий подписчик не отстаёт больше чем на минуту.
tile-parked = Отложенных насовсем
tile-parked-note = { $count ->
    [0] Ничего не повторяется.
    [one] { $count } событие повторяется или ждёт за другим.
    [few] { $count } события повторяются или ждут за другим.
   *[many] { $count } событий повторяются или ждут за другим.
}
tile-modules = Приостановлено модулей
tile-modules-fine = Все подписчики работают.
tile-payouts = Последний закрытый день
tile-payouts-none = Ни один день ещё не закрыт.
tile-payouts-note = { $count ->
    [0] Никому не выплачено.
    [one] { $count } человеку выплачено { $total }.
   *[other] { $count } людям выплачено { $total }.
}
tile-payouts-open = { $count ->
    [one] { $count } день прошёл и не закрыт.
    [few] { $count } дня прошли и не закрыты.
   *[many] { $count } дней прошли и не закрыты.
}
tile-mails = Писем не отправлено
tile-mails-note = { $count ->
    [0] За последние семь дней; в очереди нет.
    [one] За последние семь дней; ещё { $count } в очереди.
   *[many] За последние семь дней; ещё { $count } в очереди.
}
tile-jobs = Заданий с ошибкой
tile-jobs-fine = Последний запуск задания — { $at }.
tile-jobs-silent = Задания не запускались с { $at }: похоже, нет процесса с фоновой работой.
tile-jobs-never = Ни одно задание ещё не запускалось.
schedule-lead = Звонок — каждые { $seconds } с; есть ли у задания работа, решается по рабочему дню в зоне { $zone } и по тому, что уже выполнено.
schedule-caption = Все задания в порядке запуска
schedule-when = Когда
schedule-time = Заняло
schedule-every-bell = каждые { $seconds } с
schedule-daily = ежедневно в { $at } ({ $zone })
schedule-took = { $seconds } с
schedule-by-hand = вручную: { $name }
schedule-run = Запустить
schedule-begun = Запущено: { $job }.
schedule-overlap = Это задание уже выполняется. Дождитесь, пока оно закончится.
schedule-state-done = готово
schedule-state-failed = ошибка
schedule-state-running = выполняется
schedule-state-lost = не закончилось
schedule-state-never = не запускалось
job-seal = Опечатывает журнал по каждому закрытому дню
job-mails = Пишет письма закрытых дней
job-keys = Забывает ключи запросов старше недели
system-about = Что здесь работает
system-version = Версия
system-time = Сейчас
system-standby = резервный сервер, страницы читаются с него
system-behind = Отстаёт от основного на
system-not-behind = нисколько
system-followers = Резервных серверов
system-follower-behind = последний отстаёт на { $seconds } с
system-verified = Последняя проверка
system-doctor = Доктор осмотрел журнал, позиции и книги:
system-workers = Фоновая работа этого процесса
system-worker = Работник
system-worker-up = работает
system-worker-stopped = ждёт снятия остановки
system-worker-failed = ошибка
system-migrations = Миграции
system-migrations-count = { $count ->
    [one] Применена { $count } миграция; последние:
    [few] Применено { $count } миграции; последние:
   *[many] Применено { $count } миграций; последние:
}
system-size = Размер базы данных
system-size-caption = Сколько занимает каждый модуль вместе с индексами, сначала крупные
system-schema = Схема
system-tables = Таблиц
system-bytes = Размер
system-settings = Настройки
system-settings-caption = Все настройки, как они действуют; пароли и ключи скрыты
system-key = Ключ
system-value = Значение
system-default = По умолчанию
system-is-set = задано

## The settings

setting-database-url = адрес сервера Postgres, можно несколько; если пусто, `ates demo` запускает свой
setting-ates-database-read-url = адрес, с которого читают страницы без изменений, например резервный сервер; если пусто — тот же, что `DATABASE_URL`
setting-ates-database-read-for = какие страницы читают с того адреса: все (`all`) или только аналитика (`analytics`)
setting-ates-read-own-writes-seconds = сколько секунд самое большее тот, кто что-то изменил, читает с основного сервера, пока изменение не дошло до резервного
setting-ates-bind = адрес и порт, на которых отвечает сервер
setting-ates-metrics-bind = адрес и порт, с которых забирают `/metrics`; если пусто — метрик нет
setting-ates-base-url = адрес, которым пользуются люди; с `https` куки идут только по защищённым соединениям; если пусто — `http://` и `ATES_BIND`
setting-ates-smtp-url = почтовый сервер вида `smtp://user:password@host:port` (`smtps://` для TLS); если пусто, письма остаются здесь и видны в администрировании
setting-ates-mail-from = отправитель всех писем
setting-ates-timezone = часовой пояс IANA, по которому начинается и кончается рабочий день
setting-ates-payout-at = время суток в этом поясе, с которого можно закрывать прошедший день
setting-ates-currency = код валюты для сумм и выгрузок
setting-ates-payout-debtor-name = название компании в платёжных файлах; если пусто, как и две следующие, — платёжных файлов нет
setting-ates-payout-debtor-iban = счёт компании, с которого идут выплаты; контрольные цифры проверяются
setting-ates-payout-debtor-bic = BIC банка компании; если пусто, в файле сказано, что он не указан
setting-ates-fee-min = наименьшая плата за назначение, целых единиц валюты
setting-ates-fee-max = наибольшая плата за назначение, целых единиц валюты
setting-ates-reward-min = наименьшая награда за выполнение, целых единиц валюты
setting-ates-reward-max = наибольшая награда за выполнение, целых единиц валюты
setting-ates-web-pool = соединений с базой для запросов, которые пишут
setting-ates-worker-pool = соединений с базой для подписчиков, заданий по расписанию и отправки писем
setting-ates-read-pool = соединений с базой для страниц, которые только читают
setting-ates-start-wait-seconds = сколько секунд `ates serve` и `ates demo` ждут при запуске, пока база недоступна или ещё не готова
setting-ates-pool-wait-ms = сколько миллисекунд запрос ждёт соединения, прежде чем получит ответ 503
setting-ates-request-deadline-seconds = сколько секунд запрос ждёт работы базы, прежде чем получит ответ 503
setting-ates-part-deadline-ms = сколько миллисекунд может занять каждый запрос к базе для части страницы, прежде чем страница выйдет без этой части
setting-ates-report-cache-seconds = сколько секунд хранится ответ тяжёлого отчёта для того, кто его спросил, если он ничего не меняет; 0 — не хранится
setting-ates-web-statement-timeout-ms = предел для одного запроса страницы к базе, миллисекунд
setting-ates-worker-statement-timeout-ms = предел для одного запроса фоновой работы к базе, миллисекунд
setting-ates-session-idle-seconds = через сколько секунд без запросов кончается сеанс в браузере
setting-ates-session-absolute-seconds = через сколько секунд после входа кончается сеанс в браузере
setting-ates-access-token-seconds = срок жизни токена доступа, секунд
setting-ates-second-factor-roles = роли через запятую, которым нужен второй фактор, чтобы попасть куда-либо; если пусто — никому
setting-ates-beak-log-in = можно ли входить с помощью формы клюва вместо пароля (`docs/CREDENTIALS.md`); в `ates demo` можно всегда
setting-ates-api-viewer = можно ли тем, кто вошёл, смотреть описание API по адресу `/docs/api/`; в `ates demo` можно всегда
setting-ates-login-burst = сколько неудачных входов подряд можно с одного адреса, IPv6 считается по /64; дальше ответ 429; 0 — без предела
setting-ates-login-refill-seconds = через сколько секунд адрес получает ещё одну попытку войти
setting-ates-oidc-issuer = издатель собственного провайдера OpenID Connect, через который можно войти; если пусто — нет
setting-ates-oidc-client-id = имя, под которым эта установка там зарегистрирована
setting-ates-oidc-client-secret = её секрет там; если пусто, клиента защищает только PKCE
setting-ates-oidc-scopes = что там запрашивается, через пробел
setting-ates-oidc-label = надпись на кнопке страницы входа; если пусто — слова на языке страницы
setting-ates-oidc-link-by-email = получает ли тот, кто впервые пришёл оттуда, действующую учётную запись с его подтверждённым адресом
setting-ates-oidc-create-role = роль новой учётной записи для неизвестного, который пришёл оттуда: `other`, `developer` или `boss`; если пусто, её не создают
setting-ates-bell-seconds = как часто расписание ищет, что пора запустить, секунд
setting-ates-sweep-after-seconds = через сколько секунд задачу без цены или непроведённое назначение подбирает сверка
setting-ates-scenario-seconds = за сколько секунд каждый шаг сценария должен следовать за предыдущим; потом — предупреждение
setting-ates-reconcile-seconds = как часто сверяются книги, секунд; если круг занял больше четверти этого времени, отдых длиннее
setting-ates-mail-retry-seconds = сколько секунд письмо пробуют отправить, прежде чем признать неотправленным
setting-ates-mail-timeout-seconds = сколько секунд почтовый сервер может думать над каждым ответом
setting-ates-statement-mails = получают ли выписку по почте и те, кому за день ничего не выплачено
setting-ates-event-retry-max-seconds = самая долгая пауза между попытками обработать событие, секунд; первая — секунда, каждая следующая вдвое дольше
setting-ates-event-page = сколько событий самое большее подписчик берёт в одной транзакции
setting-ates-lag-warning-events = отставание подписчика в событиях, о котором предупреждают: на страницах оператора и каждую минуту в журнале программы
setting-ates-shuffle-queue = сколько перемешиваний может ждать; на следующее нажатие ответ 429
setting-ates-shuffle-chunk = сколько задач перемешивание раздаёт в одной транзакции; не больше 250, пока люди создают и выполняют задачи
setting-ates-payout-chunk = сколько счетов закрытие дня обрабатывает в одной транзакции
setting-ates-relay-nats-url = серверы NATS с JetStream, куда передаётся каждое событие, вида `nats://user:password@host:port` (`tls://` для TLS, несколько — через запятую); если пусто — никуда
setting-ates-relay-stream = имя потока JetStream для этих событий; если его нет, он создаётся
setting-ates-relay-prefix = с чего начинаются темы этих событий: `<prefix>.<type>`
setting-ates-webhooks = кому отправлять события, через точку с запятой: `NAME ADDRESS SECRET TYPES`, где `TYPES` — через запятую, а без них все (`docs/API.md`); если пусто — никому
setting-ates-requests-at-once = сколько запросов обрабатывается сразу; остальные ждут очереди столько же, сколько соединения
setting-ates-requests-waiting = сколько запросов может ждать очереди; следующий сразу получает ответ 503
setting-ates-live-streams = сколько страниц может обновляться на глазах одновременно; остальные перечитываются каждые две секунды
setting-ates-feed-readers = сколько читателей ленты событий может ждать или слушать одновременно; следующий получает ответ 503
setting-ates-archive-after-months = через сколько целых месяцев месяцы книги, журнала задач и журнала событий переносятся в архив
setting-ates-archive-tablespace = табличное пространство для файлов архива, созданное заранее; если пусто, они остаются на месте
setting-ates-limit-creations-per-day = сколько задач человек может создать за рабочий день; на следующую ответ 429; 0 — без предела
setting-ates-limit-completion-age-seconds = через сколько секунд после создания задачу можно выполнить, раньше — ответ 409; 0 — без предела
setting-ates-limit-presses-per-day = сколько раз человек может перемешать за рабочий день; на следующий раз ответ 429; 0 — без предела
setting-ates-public-board = видят ли все, какие есть задачи и у кого они
setting-ates-status-words = как называется открытая и выполненная задача: `plain` — прямо, `birds` — птичка в клетке и просо в миске; данные и API не меняются
setting-ates-self-registration = можно ли регистрироваться самим; адрес подтверждается письмом до создания учётной записи
setting-ates-registration-domains = домены адресов через запятую, с которыми можно регистрироваться самим; если пусто — любые
setting-ates-registration-role = роль тех, кто регистрируется сам: `developer`, `boss` или `other`
setting-ates-first-run-setup = ведёт ли установка без администратора своих посетителей на `/setup`, где первым становится тот, у кого код из журнала программы
setting-ates-trusted-proxies = адреса прокси через запятую, чьему `X-Forwarded-For` верят
setting-ates-log = вид строк журнала программы на стандартном выводе: `json` или `pretty`
setting-ates-server = адрес другой установки для команд, которые говорят с ней, например `ates task list`; `--server` важнее
setting-ates-pg-bindir = где `ates demo` ищет `initdb` и `postgres`; если пусто — в обычных местах
setting-ates-pg-user = пользователь, от имени которого работает свой Postgres, если `ates demo` запускает `root`

## Feeds

feeds-title = Ленты и календарь
feeds-lead = Адреса для программ, которые не умеют входить: читалки лент или календаря. У кого есть адрес, тот может прочесть, что он рассказывает, и больше ничего: не показывайте его никому.
feed-tasks = Мои открытые задачи (Atom)
feed-tasks-about = Номер, название и состояние ваших открытых задач — для читалки лент.
feed-payouts = Мои выплаты (календарь)
feed-payouts-about = Дни, за которые вам платили, с суммами, и следующая выплата — для календаря.
feed-fresh = Ваш новый адрес
feed-fresh-hint = Он показан только сейчас. Прежний адрес больше не действует.
feed-none = Адреса пока нет.
feed-make = Создать адрес
feed-make-again = Создать новый адрес
feed-end = Отключить адрес
feeds-end-with = Адреса перестают действовать и тогда, когда вы меняете пароль, а администратор завершает ваши сеансы или отключает вас.
flash-feed-ended = Адрес больше не действует.
feed-atom-title = aTES: мои открытые задачи
feed-calendar-name = aTES: мои выплаты
feed-paid = Выплата за { $date }: { $sum }
feed-next = Выплата за { $date }
feed-next-about = Когда день закончен, ваш баланс выплачивается, если он положительный.
