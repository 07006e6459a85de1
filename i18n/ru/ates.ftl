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
error-request-number = Номер запроса

## Errors in fields

field-required = Заполните это поле
field-not-understood = Это поле неизвестно, пропущено или заполнено не так
field-control-characters = Управляющие символы недопустимы
field-limit = Предел: число от 1 до 100
field-cursor = В этом списке нет такого места
