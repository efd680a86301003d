boxctl exec --oauth -- rclone lsd :box:
