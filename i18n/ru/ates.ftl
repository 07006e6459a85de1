### Всё, что читают люди. Те же имена стоят в en/ates.ftl; тест сравнивает оба файла.

## The frame of every page

site-title = aTES
site-tagline = Awesome Task Exchange System
skip-to-content = К содержанию
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
optional = необязательно

## Lists

pager = Страницы списка
newer = Новее
older = Старше
first-page = К началу
filter = Показать
clear-filter = Сбросить фильтр
download-csv = Скачать CSV

## Errors: headings

error-title-bad-request = Непонятный запрос
error-title-unauthenticated = Войдите в систему
error-title-forbidden = Нет доступа
error-title-not-found = Здесь ничего нет
error-title-conflict = Пока вы смотрели, всё изменилось
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
error-database-away = База данных сейчас не отвечает. Ничего не изменилось; попробуйте через несколько секунд.
error-form-expired = Форма устарела, или с тех пор сменился сеанс. Откройте страницу заново и отправьте форму ещё раз.
error-form-already-sent = Эта форма уже отправлена и ещё обрабатывается. Прежде чем отправлять снова, посмотрите список.
error-cross-site = Запрос пришёл не со страницы aTES, поэтому он не выполнен.
error-try-again-in = Попробуйте через { $seconds ->
    [one] { $seconds } секунду
    [few] { $seconds } секунды
   *[other] { $seconds } секунд
}.
flash-session-ended = Вы больше не в системе, поэтому ничего не отправлено. Войдите и повторите.
error-request-number = Номер запроса

## Errors in fields

field-required = Заполните это поле
field-not-understood = Это поле неизвестно, пропущено или заполнено не так
field-control-characters = Управляющие символы недопустимы
field-limit = Предел: число от 1 до 100
field-cursor = В этом списке нет такого места

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
analytics-range = Самая дорогая закрытая задача по дням
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
analytics-by-day-caption = Списания при назначении минус награды за выполнение, последние 7 дней, новые сверху
analytics-day = День
analytics-fees = Списания
analytics-rewards = Награды
analytics-earned = Заработано
analytics-in-minus-at-close = В минусе на закрытие
analytics-not-closed = не закрыт
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
analytics-employee = Сотрудник
analytics-balance = Баланс
analytics-error-date = Это не дата вида 2026-03-01
analytics-error-reversed = Последний день раньше первого
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
modules-resume = Продолжить
modules-paused-flash = { $name } на паузе. События ждут и не теряются.
modules-resumed-flash = { $name } продолжает с того же места.
modules-workers = Фоновые работники
modules-workers-caption = Работники процесса, который показал эту страницу
modules-no-workers = В этом процессе фоновых работников нет: они в другом.
modules-jobs = Задания по расписанию
modules-jobs-caption = Последние запуски, новые сверху
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
checks-lead = Инварианты денег и событий, проверены
checks-all-hold = Всё в порядке.
checks-broken = { $count ->
    [one] Нарушен { $count } инвариант.
    [few] Нарушено { $count } инварианта.
   *[other] Нарушено { $count } инвариантов.
}
checks-caption = Что верно всегда и сколько строк этому противоречит
checks-number = №
checks-what-holds = Что верно
checks-kind = О чём
checks-money = деньги
checks-process = процесс
checks-result = Итог
checks-holds = верно
checks-rows = { $count ->
    [one] { $count } строка
    [few] { $count } строки
   *[other] { $count } строк
}
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
## Auth

log-in = Войти
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
deactivate = Отключить
deactivate-consequence = { $name }: сеансы завершатся сразу, новых задач не будет; открытые задачи перейдут к другим, и с них спишется плата. Счёт и все операции останутся.
search = Поиск
any = Любая
register = Зарегистрировать
new-user = Новый пользователь
nav-users = Люди
users-caption = Люди по логину
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
error-administrator-exists = Администратор уже есть
error-last-administrator = Это последний администратор; сначала назначьте другого
flash-logged-out = Вы вышли
flash-language-saved = Язык писем сохранён
flash-password-changed = Пароль сменён; войдите с новым
flash-user-registered = { $username } зарегистрирован
flash-user-saved = Сохранено
flash-user-deactivated = Отключён; открытые задачи переходят к другим
