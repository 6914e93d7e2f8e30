"""The linear-chain conditional random field: the layer, forward-backward and Viterbi."""
