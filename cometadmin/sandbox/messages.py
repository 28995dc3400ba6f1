"""Messages for people in the languages that CometAPI answers in (trap 14: never branch on them)."""

MESSAGES: dict[str, dict[str, str]] = {
    "name_too_long": {
        "en": "token name is too long",
        "ar": "اسم المفتاح طويل جدًا",
        "zh": "令牌名称过长",
    },
    "quota_negative": {
        "en": "quota value cannot be negative",
        "ar": "لا يمكن أن تكون قيمة الحصة سالبة",
        "zh": "额度值不能为负数",
    },
    "quota_zero": {
        "en": "quota value must be greater than 0",
        "ar": "يجب أن تكون قيمة الحصة أكبر من 0",
        "zh": "额度值必须大于0",
    },
    "quota_too_large": {
        "en": "quota value exceeds the valid range",
        "ar": "قيمة الحصة تتجاوز النطاق المسموح",
        "zh": "额度值超出有效范围",
    },
    "expired_enable": {
        "en": "token has expired and cannot be enabled; change its expiration time first, or set it to never expire",
        "ar": "انتهت صلاحية المفتاح ولا يمكن تفعيله؛ عدّل وقت الانتهاء أولًا",
        "zh": "令牌已过期，无法启用，请先修改令牌过期时间，或者设置为永不过期",
    },
    "exhausted_enable": {
        "en": "token quota is exhausted and cannot be enabled; change its quota first, or set it to unlimited",
        "ar": "نفدت حصة المفتاح ولا يمكن تفعيله؛ عدّل الحصة المتبقية أولًا",
        "zh": "令牌可用额度已用尽，无法启用，请先修改令牌剩余额度，或者设置为无限额度",
    },
    "no_group": {
        "en": "no access to group {detail}",
        "ar": "لا يوجد وصول إلى المجموعة {detail}",
        "zh": "无权访问 {detail} 分组",
    },
    "bad_status": {"en": "invalid status", "ar": "حالة غير صالحة", "zh": "无效的状态"},
    "invalid": {"en": "invalid parameter: {detail}", "ar": "معلمة غير صالحة: {detail}", "zh": "无效的参数: {detail}"},
    "not_found": {"en": "record not found", "ar": "السجل غير موجود", "zh": "记录不存在"},
    "too_many": {"en": "token limit reached", "ar": "تم بلوغ الحد الأقصى للمفاتيح", "zh": "已达到最大令牌数量限制"},
    "no_token": {
        "en": "not logged in and no access token provided",
        "ar": "لم تسجل الدخول ولم تقدم رمز وصول",
        "zh": "无权进行此操作，未登录且未提供 access token",
    },
    "bad_token": {
        "en": "access token is invalid",
        "ar": "رمز الوصول غير صالح",
        "zh": "无权进行此操作，access token 无效",
    },
    "no_user_header": {
        "en": "New-Api-User header is missing",
        "ar": "ترويسة New-Api-User مفقودة",
        "zh": "无权进行此操作，未提供 New-Api-User",
    },
    "wrong_user_header": {
        "en": "New-Api-User does not match the user",
        "ar": "ترويسة New-Api-User لا تطابق المستخدم",
        "zh": "无权进行此操作，New-Api-User 与登录用户不匹配",
    },
    "disabled": {"en": "this token is not enabled", "ar": "هذا المفتاح غير مفعّل", "zh": "该令牌状态不可用"},
    "expired": {"en": "this token has expired", "ar": "انتهت صلاحية هذا المفتاح", "zh": "该令牌已过期"},
    "exhausted": {"en": "this token's quota is exhausted", "ar": "نفدت حصة هذا المفتاح", "zh": "该令牌额度已用尽"},
    "unknown_key": {"en": "invalid token", "ar": "مفتاح غير صالح", "zh": "无效的令牌"},
    "ip": {
        "en": "your IP is not in the token's allowlist",
        "ar": "عنوانك ليس في قائمة السماح",
        "zh": "您的 IP 不在令牌允许访问的列表中",
    },
    "model": {
        "en": "this token has no access to model {detail}",
        "ar": "لا يملك هذا المفتاح وصولًا إلى النموذج {detail}",
        "zh": "该令牌无权访问模型 {detail}",
    },
    "no_channel": {
        "en": "no available channel for model {detail}",
        "ar": "لا توجد قناة متاحة للنموذج {detail}",
        "zh": "模型 {detail} 无可用渠道",
    },
    "account_quota": {"en": "account balance is exhausted", "ar": "نفد رصيد الحساب", "zh": "用户额度不足"},
}


def language_of(accept_language: str, default: str) -> str:
    """The first language asked for, when it is one that we speak."""
    first = accept_language.split(",")[0].split(";")[0].strip().lower()[:2]
    return first if first in ("en", "ar", "zh") else default


def message(code: str, language: str, detail: str = "") -> str:
    words = MESSAGES[code]
    return words.get(language, words["en"]).format(detail=detail)
