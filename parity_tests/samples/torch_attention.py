"""Attention and what is around it, as people write them for torch."""

from parity_tests.samples.torch import Sample

ATTENTION = {
    "a configuration, one projection, a mask in a buffer": Sample(
        """
class CausalSelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, longest = config.n_embd, config.block_size
        self.heads = config.n_head
        self.attn_proj = nn.Linear(width, 3 * width, bias=config.bias)
        self.out_proj = nn.Linear(width, width, bias=config.bias)
        self.drop = nn.Dropout(config.dropout)
        self.register_buffer("visible", torch.ones(longest, longest).tril().bool())

    def forward(self, x):
        n, length, width = x.shape
        q, k, v = (
            part.reshape(n, length, self.heads, -1).transpose(1, 2)
            for part in self.attn_proj(x).split(width, -1)
        )
        logits = q @ k.transpose(2, 3) / math.sqrt(width // self.heads)
        logits = logits.masked_fill(~self.visible[:length, :length], -torch.inf)
        mixed = self.drop(logits.softmax(-1)) @ v
        return self.drop(self.out_proj(mixed.transpose(1, 2).reshape(n, length, width)))
""",
        "CausalSelfAttention",
    ),
    "sizes in and out, a context length, biases to choose": Sample(
        """
class CausalAttention(nn.Module):
    def __init__(self, d_in, d_out, context_length, dropout, num_heads, qkv_bias=False):
        super().__init__()
        if d_out % num_heads:
            raise ValueError("heads must divide d_out")
        self.per_head = d_out // num_heads
        self.Wq, self.Wk, self.Wv = (nn.Linear(d_in, d_out, bias=qkv_bias) for _ in "qkv")
        self.output = nn.Linear(d_out, d_out)
        self.drop = nn.Dropout(dropout)
        future = torch.full((context_length, context_length), -torch.inf).triu(1)
        self.register_buffer("future", future)

    def forward(self, x):
        seen = x.shape[-2]
        layers = self.Wq, self.Wk, self.Wv
        by_head = [W(x).unflatten(2, (-1, self.per_head)).permute(0, 2, 1, 3) for W in layers]
        energies = torch.einsum("bhic,bhjc->bhij", by_head[0], by_head[1]) * self.per_head ** -0.5
        shares = F.softmax(energies + self.future[:seen, :seen], dim=3)
        together = (self.drop(shares) @ by_head[2]).permute(0, 2, 1, 3)
        return self.output(together.reshape(x.shape[0], seen, -1))
""",
        "CausalAttention",
    ),
    "a module for each head, sizes in globals": Sample(
        """
n_embd, block_size, dropout = 48, 32, 0.1

class OneHead(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.q = nn.Linear(n_embd, size, bias=False)
        self.k = nn.Linear(n_embd, size, bias=False)
        self.v = nn.Linear(n_embd, size, bias=False)
        self.scale = size ** -0.5
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        past = torch.tril(torch.ones(block_size, block_size))[: x.size(1), : x.size(1)]
        affinity = torch.bmm(self.q(x), self.k(x).transpose(1, 2)) * self.scale
        affinity = torch.where(past > 0, affinity, torch.tensor(-math.inf))
        return torch.bmm(self.drop(torch.softmax(affinity, 2)), self.v(x))

class MultiHeadAttention(nn.Module):
    def __init__(self, num_heads, head_size):
        super().__init__()
        self.heads = nn.ModuleList(OneHead(head_size) for _ in range(num_heads))
        self.proj = nn.Linear(num_heads * head_size, n_embd)

    def forward(self, x):
        return self.proj(torch.cat([head(x) for head in self.heads], 2))
""",
        "MultiHeadAttention",
    ),
    "four layers in a list, a mask of 0 and 1 with an axis for the batch": Sample(
        """
def attention(query, key, value, mask=None, dropout=None):
    logits = torch.einsum("...ic,...jc->...ij", query, key) / query.size(-1) ** 0.5
    if mask is not None:
        logits = logits.masked_fill(mask == 0, -1e9)
    weights = torch.softmax(logits, -1)
    if dropout is not None:
        weights = dropout(weights)
    return weights @ value, weights

class MultiHeadedAttention(nn.Module):
    def __init__(self, h, d_model, dropout=0.1):
        super().__init__()
        self.h = h
        self.linears = nn.ModuleList(nn.Linear(d_model, d_model) for _ in range(4))
        self.drop = nn.Dropout(dropout)

    def forward(self, query, key, value, mask=None):
        inputs = []
        for layer, x in zip(self.linears, [query, key, value]):
            inputs.append(layer(x).unflatten(2, (self.h, -1)).transpose(1, 2))
        if mask is not None and mask.dim() == 3:
            mask = mask[:, None]  # for all heads
        mixed, self.last_weights = attention(*inputs, mask, self.drop)
        return self.linears[3](mixed.transpose(1, 2).flatten(2, 3))
""",
        "attention MultiHeadedAttention",
    ),
    "values first, and a mask that must be given": Sample(
        """
class SelfAttention(nn.Module):
    def __init__(self, embed_size, heads):
        super().__init__()
        self.heads = heads
        self.values, self.keys = nn.Linear(embed_size, embed_size), nn.Linear(embed_size, embed_size)
        self.queries, self.final = nn.Linear(embed_size, embed_size), nn.Linear(embed_size, embed_size)

    def forward(self, values, keys, query, mask):
        split = lambda t: t.reshape(len(t), t.size(1), self.heads, -1)
        v, k, q = split(self.values(values)), split(self.keys(keys)), split(self.queries(query))
        scores = torch.einsum("bihc,bjhc->bhij", q, k) / math.sqrt(q.size(-1))
        if mask is not None:
            scores[(mask == 0).expand_as(scores)] = -1e20
        return self.final(torch.einsum("bhij,bjhc->bihc", scores.softmax(3), v).flatten(2))
""",
        "SelfAttention",
    ),
    "one projection whose rows go by head, and weights on demand": Sample(
        """
class MultiheadAttention(nn.Module):
    def __init__(self, input_dim, embed_dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(input_dim, 3 * embed_dim)
        self.out = nn.Linear(embed_dim, embed_dim)

    def forward(self, x, mask=None, return_attention=False):
        each_head = self.qkv(x).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
        q, k, v = each_head.tensor_split(3, dim=3)
        logits = torch.matmul(q, k.mT) / math.sqrt(q.size(3))
        if mask is not None:
            logits = torch.where(mask == 0, torch.full_like(logits, -9e15), logits)
        weights = F.softmax(logits, dim=3)
        y = self.out(torch.matmul(weights, v).transpose(1, 2).flatten(2))
        if return_attention:
            return y, weights
        return y
""",
        "MultiheadAttention",
        {"MultiheadAttention": "each head has its q, k and v"},
    ),
    "a module without parameters, for one head": Sample(
        """
class DotProductAttention(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.drop = nn.Dropout(dropout)

    def forward(self, queries, keys, values):
        self.weights = F.softmax(queries.bmm(keys.mT) / math.sqrt(keys.size(2)), 2)
        return self.drop(self.weights).bmm(values)
""",
        "DotProductAttention",
    ),
    "modules without a constructor": Sample(
        """
class ScaledDotProductAttention(nn.Module):
    def forward(self, q, k, v, mask=None):
        scores = torch.einsum("...id,...jd->...ij", q, k) / q.size(-1) ** 0.5
        if mask is not None:
            scores = scores.masked_fill(mask == 0, -math.inf)
        return scores.softmax(-1) @ v

class MSELoss(nn.Module):
    def forward(self, prediction, target):
        return (prediction - target).square().mean()
""",
        "ScaledDotProductAttention MSELoss",
    ),
    "positions with time first": Sample(
        """
class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout, max_len=2000):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        wave = torch.empty(max_len, 1, d_model)
        for feature in range(d_model):
            angle = torch.arange(max_len) * math.exp(-math.log(10000.0) * (feature - feature % 2) / d_model)
            wave[:, 0, feature] = torch.cos(angle) if feature % 2 else torch.sin(angle)
        self.register_buffer("wave", wave)

    def forward(self, x):
        return self.drop(x + self.wave[: len(x)])
""",
        "PositionalEncoding",
        {"PositionalEncoding": "sequences come first"},
    ),
    "a layer that norms before, around torch's attention": Sample(
        """
class TransformerBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.ln_first, self.ln_second = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.mixer = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(d_model, d_ff), nn.GELU(), nn.Linear(d_ff, d_model))

    def forward(self, tokens):
        future = torch.ones(tokens.size(1), tokens.size(1)).triu(diagonal=1).bool()
        normed = self.ln_first(tokens)
        mixed, _ = self.mixer(normed, normed, normed, attn_mask=future)
        tokens = tokens + mixed
        return tokens + self.ff(self.ln_second(tokens))
""",
        "TransformerBlock",
        {"TransformerBlock": "gelu"},
    ),
}
