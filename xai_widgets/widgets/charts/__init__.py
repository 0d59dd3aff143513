"""Line charts of labels and of instances."""
