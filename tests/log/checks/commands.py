"""The commands of LaTeX that the formulas may use: KaTeX and MathJax know all of them."""

from __future__ import annotations

_GREEK = """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu
nu xi pi rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon
Phi Psi Omega"""

_RELATIONS = """approx cdot cdots circ cong dots equiv exists forall ge geq gg in infty ldots le leq
ll lt gt mapsto mid nabla ne neq notin odot oplus otimes partial pm mp propto sim simeq subset
subseteq cup cap times to vdots ddots leftarrow rightarrow Leftarrow Rightarrow Leftrightarrow iff
implies land lor neg perp parallel star ast bullet prime ell emptyset setminus angle triangle quad
qquad thinspace negthinspace medspace thickspace enspace langle rangle lbrace rbrace lVert rVert
lvert rvert vert Vert lfloor rfloor lceil rceil longrightarrow hookrightarrow updownarrow uparrow
downarrow top bot wedge vee lbrack rbrack backslash colon"""

_FUNCTIONS = """arg exp ln log lim max min sin cos tan tanh cosh sinh arctan det dim gcd inf sup Pr
operatorname limits nolimits"""

_FORMS = """frac dfrac tfrac cfrac binom sqrt sum prod int hat widehat bar tilde widetilde vec dot
ddot overline underline underbrace overbrace overset underset stackrel boxed left right big Big bigg
Bigg bigl bigr Bigl Bigr middle text textbf textit texttt mathrm mathbf mathit mathsf mathtt mathcal
mathbb boldsymbol begin end substack displaystyle textstyle hspace phantom hphantom vphantom color
textcolor not tag xrightarrow bigcup bigcap bigodot bigoplus atop"""

_ENVIRONMENTS = """aligned array bmatrix cases gathered matrix pmatrix smallmatrix split vmatrix"""

COMMANDS = frozenset(f"{_GREEK} {_RELATIONS} {_FUNCTIONS} {_FORMS}".split())
ENVIRONMENTS = frozenset(_ENVIRONMENTS.split())
