// The functions of d3 that the page uses. Each file adds to the object d3, so their order matters.

import "/static/vendor/d3-dispatch/d3-dispatch.min.js";
import "/static/vendor/d3-timer/d3-timer.min.js";
import "/static/vendor/d3-color/d3-color.min.js";
import "/static/vendor/d3-ease/d3-ease.min.js";
import "/static/vendor/d3-interpolate/d3-interpolate.min.js";
import "/static/vendor/d3-selection/d3-selection.min.js";
import "/static/vendor/d3-transition/d3-transition.min.js";
import "/static/vendor/d3-drag/d3-drag.min.js";
import "/static/vendor/d3-zoom/d3-zoom.min.js";
import "/static/vendor/d3-hierarchy/d3-hierarchy.min.js";

export const { hierarchy, select, tree, zoom, zoomIdentity, zoomTransform } = globalThis.d3;
