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
