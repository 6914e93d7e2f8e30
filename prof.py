import sys; sys.path.insert(0,'/tmp/wt/page1')
from benchmarks.steps.record import network, FitOptions, TrainingRecorder
import cProfile,pstats,time
tr,b=network()
r=TrainingRecorder('/tmp/p1/zz3')
p=cProfile.Profile()
p.enable(); tr.fit(b,FitOptions(60,callbacks=r.callbacks,quiet=True)); p.disable()
pstats.Stats(p).sort_stats('cumtime').print_stats(45)
