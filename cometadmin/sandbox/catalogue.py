"""The models on offer, by provider."""

_BY_PROVIDER = {
    "openai": "gpt-5 gpt-5-mini gpt-5-nano gpt-5-pro gpt-4.1 gpt-4.1-mini gpt-4o gpt-4o-mini o3 o3-pro o4-mini "
    "text-embedding-3-large text-embedding-3-small gpt-image-1 whisper-1 tts-1",
    "anthropic": "claude-opus-4-1 claude-opus-4 claude-sonnet-4-5 claude-sonnet-4 claude-haiku-4-5 "
    "claude-3-7-sonnet-latest claude-3-5-haiku-latest",
    "google": "gemini-2.5-pro gemini-2.5-flash gemini-2.5-flash-lite gemini-2.0-flash gemini-embedding-001 "
    "imagen-4.0-generate veo-3",
    "deepseek": "deepseek-chat deepseek-reasoner deepseek-v3.1 deepseek-r1",
    "qwen": "qwen3-max qwen3-235b-a22b qwen3-coder-plus qwen-plus qwen-turbo qwen-vl-max",
    "meta": "llama-4-maverick llama-4-scout llama-3.3-70b-instruct llama-3.1-405b-instruct",
    "mistral": "mistral-large-latest mistral-medium-latest mistral-small-latest codestral-latest ministral-8b-latest",
    "xai": "grok-4 grok-4-fast grok-3 grok-3-mini grok-code-fast-1",
    "moonshot": "kimi-k2 kimi-k2-thinking",
    "zhipu": "glm-4.6 glm-4.5 glm-4.5-air",
    "black-forest-labs": "flux-1.1-pro flux-kontext-max",
    "midjourney": "mj_fast_imagine mj_turbo_imagine",
}

MODELS = tuple((model, provider) for provider, models in _BY_PROVIDER.items() for model in models.split())
MODEL_IDS = frozenset(model for model, _ in MODELS)
